"""One filter language for lists, views, segments, reports, the API and processes' starts.

A filter is JSON: ``{"field": "account.city", "op": "contains", "value": "os"}``, grouped by
``{"and": […]}``, ``{"or": […]}`` and ``{"not": …}``, with ``{"some": "deals", "where": …}`` and
``{"none": …}`` for what points to a record. docs/filters.md tells all of it.
"""

from services.filtering.compiling import compile_filter
from services.filtering.describing import describe, describe_parts, named_in
from services.filtering.matching import matches, matching_keys
from services.filtering.model import Filter, reads_whoever_asks
from services.filtering.parsing import (
    all_of,
    parse_arguments,
    parse_filter,
    parse_filter_text,
)

__all__ = [
    "Filter",
    "all_of",
    "compile_filter",
    "describe",
    "describe_parts",
    "matches",
    "matching_keys",
    "named_in",
    "parse_arguments",
    "parse_filter",
    "parse_filter_text",
    "reads_whoever_asks",
]
