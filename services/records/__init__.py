"""What all records share: types, fields, changes, lists, the timeline, doubles, the bin."""
