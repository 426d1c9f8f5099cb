"""Imports every module of this layer that declares tables, so that all tables are known."""
