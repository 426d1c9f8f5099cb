"""Functions of lists (DMN 1.5, 10.3.4.4)."""

from decimal import Decimal

from feel.builtin.registry import builtin
from feel.builtin.text import require_integer
from feel.compare import as_list, same
from feel.errors import NullResult
from feel.run import Run, check_list_size
from feel.values import Function, Value


@builtin("list contains", "list: list, element: any", wants_run=True)
def list_contains(run: Run, items: list[Value], element: Value) -> bool:
    """Tell whether an item of a list equals a value."""
    return any(_same(item, element, run) for item in items)


def _same(left: Value, right: Value, run: Run) -> bool:
    run.spend(1)
    return same(left, right, run)


@builtin("count", "list: list")
def count(items: list[Value]) -> Decimal:
    """Return the length of a list."""
    return Decimal(len(items))


@builtin("sublist", "list: list, start position: number, length?: number")
def sublist(items: list[Value], start: Decimal, length: Decimal | None = None) -> list[Value]:
    """Return a part of a list, from a position counted from 1, or from -1 backwards."""
    begin = _index(items, start)
    if length is None:
        return items[begin:]
    size = require_integer(length, "length")
    if size < 1 or begin + size > len(items):
        raise NullResult("length goes beyond the list")
    return items[begin : begin + size]


def _index(items: list[Value], position: Decimal) -> int:
    """Turn a position from 1, or from -1 backwards, into an index from 0."""
    index = require_integer(position, "position")
    if index == 0 or abs(index) > len(items):
        raise NullResult("position is outside of the list")
    return index - 1 if index > 0 else len(items) + index


@builtin("append", "list: list, item...: any")
def append(items: list[Value], *added: Value) -> list[Value]:
    """Return a list with items added at its end."""
    return [*items, *added]


@builtin("concatenate", "list...: list")
def concatenate(*lists: list[Value]) -> list[Value]:
    """Return the items of all lists, one list after the other."""
    check_list_size(sum(map(len, lists)))
    return [item for items in lists for item in items]


@builtin("insert before", "list: list, position: number, newItem: any")
def insert_before(items: list[Value], position: Decimal, item: Value) -> list[Value]:
    """Return a list with an item put in before the one at a position."""
    index = _index(items, position)
    return [*items[:index], item, *items[index:]]


@builtin("remove", "list: list, position: number")
def remove(items: list[Value], position: Decimal) -> list[Value]:
    """Return a list without the item at a position."""
    index = _index(items, position)
    return [*items[:index], *items[index + 1 :]]


@builtin("list replace", "list: list, position: number, newItem: any")
def list_replace(items: list[Value], position: Decimal, item: Value) -> list[Value]:
    """Return a list with another item at a position."""
    index = _index(items, position)
    return [*items[:index], item, *items[index + 1 :]]


@builtin("list replace", "list: list, match: function, newItem: any", wants_run=True)
def list_replace_matching(run: Run, items: list[Value], match: Function, new: Value) -> list[Value]:
    """Return a list with another item for each for which `match(item, newItem)` is true."""
    result: list[Value] = []
    for item in items:
        verdict = match.call(run, [item, new])
        if not isinstance(verdict, bool):
            raise NullResult("match gives no boolean")
        result.append(new if verdict else item)
    return result


@builtin("reverse", "list: list")
def reverse(items: list[Value]) -> list[Value]:
    """Return a list from its end to its beginning."""
    return items[::-1]


@builtin("index of", "list: list, match: any", wants_run=True)
def index_of(run: Run, items: list[Value], match: Value) -> list[Decimal]:
    """Return the positions, from 1, of the items that equal a value."""
    return [
        Decimal(position) for position, item in enumerate(items, start=1) if _same(item, match, run)
    ]


@builtin("union", "list...: list", wants_run=True)
def union(run: Run, *lists: list[Value]) -> list[Value]:
    """Return the items of all lists, each once."""
    return distinct_values(run, concatenate(*lists))


@builtin("distinct values", "list: list", wants_run=True)
def distinct_values(run: Run, items: list[Value]) -> list[Value]:
    """Return the items of a list, each once."""
    kept: list[Value] = []
    simple: set[tuple[type, Value]] = set()
    for item in items:
        # Numbers and strings, the usual case, need no comparison with all others.
        if isinstance(item, Decimal | str):
            key = (type(item), item)
            if key not in simple:
                simple.add(key)
                kept.append(item)
        elif not any(_same(item, other, run) for other in kept):
            kept.append(item)
    return kept


@builtin("flatten", "list: list", wants_run=True)
def flatten(run: Run, items: list[Value]) -> list[Value]:
    """Return the items of a list and of all lists in it."""
    flat: list[Value] = []
    _flatten(run, items, flat)
    return flat


def _flatten(run: Run, items: list[Value], flat: list[Value]) -> None:
    run.enter()
    for item in items:
        run.spend(1)
        if isinstance(item, list):
            _flatten(run, item, flat)
        else:
            flat.append(item)
            check_list_size(len(flat))
    run.leave()


@builtin("all", "list: list")
def all_true(items: list[Value]) -> bool | None:
    """Tell whether all items are true; three-valued."""
    if any(item is False for item in items):
        return False
    if all(item is True for item in items):
        return True
    raise NullResult("list holds what is no boolean")


@builtin("all", "b...: any")
def all_arguments_true(*values: Value) -> bool | None:
    """Tell whether all arguments are true; three-valued."""
    return all_true(_at_least_one(values))


@builtin("any", "list: list")
def any_true(items: list[Value]) -> bool | None:
    """Tell whether an item is true; three-valued."""
    if any(item is True for item in items):
        return True
    if all(item is False for item in items):
        return False
    raise NullResult("list holds what is no boolean")


@builtin("any", "b...: any")
def any_argument_true(*values: Value) -> bool | None:
    """Tell whether an argument is true; three-valued."""
    return any_true(_at_least_one(values))


def _at_least_one(values: tuple[Value, ...]) -> list[Value]:
    if len(values) < 2:  # noqa: PLR2004 - one argument is a list
        raise NullResult("list is null, not list")
    return as_list(list(values))
