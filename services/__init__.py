"""The service layer: CRM records and everything that changes them.

Start with ``operations`` (what can be done), ``unit_of_work`` (one transaction) and
``platform`` (the pieces wired together).
"""
