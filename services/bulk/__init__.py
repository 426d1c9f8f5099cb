"""The same change of all records that match, carried out in slices by a job."""
