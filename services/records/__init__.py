"""What all records share: types, fields, changes, lists, the timeline, merging, the bin."""
