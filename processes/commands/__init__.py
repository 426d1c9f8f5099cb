"""What administrators do to instances: one module for each kind of command.

Every command holds the instance to its commit, says why in its history (``Kind.COMMAND``) and in
the audit, and answers with a conflict when somebody else was quicker.
"""
