"""Functions of contexts (DMN 1.5, 10.3.4.10)."""

from collections.abc import Mapping
from typing import Any

from feel.builtin.registry import builtin
from feel.errors import NullResult
from feel.run import Run
from feel.values import FeelContext, Value, entries_of, read_entry


@builtin("get value", "m: context, key: string")
def get_value(context: Mapping[str, Any], key: str) -> Value:
    """Return the entry of a context under a key; null if there is none."""
    return read_entry(context, key) if key in context else None


@builtin("get value", "context: context, keys: list")
def get_nested_value(context: Mapping[str, Any], keys: list[Value]) -> Value:
    """Return the entry of a context in a context that a list of keys leads to."""
    value: Value = context
    for key in _string_keys(keys):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = read_entry(value, key)
    return value


def _string_keys(keys: list[Value]) -> list[str]:
    if not keys or not all(isinstance(key, str) for key in keys):
        raise NullResult("keys are no list of strings")
    return keys


@builtin("get entries", "m: context", wants_run=True)
def get_entries(run: Run, context: Mapping[str, Any]) -> list[Value]:
    """Return the entries of a context as a list of contexts with key and value."""
    run.spend(len(context))
    return [FeelContext(key=key, value=value) for key, value in entries_of(context)]


@builtin("context", "entries: list", wants_run=True)
def make_context(run: Run, entries: list[Value]) -> FeelContext:
    """Return the context that contexts with key and value describe."""
    run.spend(len(entries))
    result = FeelContext()
    for entry in entries:
        if not isinstance(entry, Mapping) or not {"key", "value"} <= entry.keys():
            raise NullResult("an entry has no key and value")
        key = read_entry(entry, "key")
        if not isinstance(key, str) or key in result:
            raise NullResult("a key is no string or stands twice")
        result[key] = read_entry(entry, "value")
    return result


@builtin("context put", "context: context, key: string, value: any", wants_run=True)
def context_put(run: Run, context: Mapping[str, Any], key: str, value: Value) -> FeelContext:
    """Return a context with one entry set."""
    run.spend(1 + (len(context) >> 2))
    return FeelContext({**dict(entries_of(context)), key: value})


@builtin("context put", "context: context, keys: list, value: any", wants_run=True)
def context_put_nested(
    run: Run, context: Mapping[str, Any], keys: list[Value], value: Value
) -> FeelContext:
    """Return a context with the entry set that a list of keys leads to."""
    first, *rest = _string_keys(keys)
    if not rest:
        return context_put(run, context, first, value)
    inner = get_value(context, first)
    if inner is None:
        inner = FeelContext()
    if not isinstance(inner, Mapping):
        raise NullResult(f"{first!r} is no context")
    run.enter()
    changed = context_put_nested(run, inner, rest, value)
    run.leave()
    return context_put(run, context, first, changed)


@builtin("context merge", "contexts: list", wants_run=True)
def context_merge(run: Run, contexts: list[Value]) -> FeelContext:
    """Return the entries of all contexts in one; the last one with a key wins."""
    result = FeelContext()
    for context in contexts:
        if not isinstance(context, Mapping):
            raise NullResult("contexts hold what is no context")
        run.spend(1 + len(context))
        result.update(entries_of(context))
    return result
