"""Imports every module of this layer that declares tables, so that all tables are known."""

from processes import definition_tables, instance_tables

__all__ = ["definition_tables", "instance_tables"]
