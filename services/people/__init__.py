"""Users, groups, sign-in, and who gets what is to be done."""
