"""Imports every module of this layer that declares tables, so that all tables are known."""

from services import audit, people

__all__ = ["audit", "people"]
