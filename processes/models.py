"""Imports every module of this layer that declares tables, so that all tables are known."""

from processes.deploying import definition_tables
from processes.events import delivery_tables
from processes.migration import tables as command_tables
from processes.running import instance_tables

__all__ = ["command_tables", "definition_tables", "delivery_tables", "instance_tables"]
