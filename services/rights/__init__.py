"""Who may see and change which records and fields: roles, scopes, sharing."""
