"""The built-in functions. To add one, declare it in a module that is imported here."""

from feel.builtin import (
    contexts,
    conversion,
    lists,
    numeric,
    ranges,
    statistics,
    temporal,
    text,
    working,
)
from feel.builtin.registry import BUILTINS, Builtin, builtin

__all__ = ["BUILTINS", "Builtin", "builtin"]

# Importing a module declares its functions.
_MODULES = (contexts, conversion, lists, numeric, ranges, statistics, temporal, text, working)
