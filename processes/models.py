"""Imports every module of this layer that declares tables, so that all tables are known."""

from processes import command_tables, definition_tables, delivery_tables, instance_tables

__all__ = ["command_tables", "definition_tables", "delivery_tables", "instance_tables"]
