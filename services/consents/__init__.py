"""What people have agreed to: purposes, consents given and withdrawn, and who may be contacted."""
