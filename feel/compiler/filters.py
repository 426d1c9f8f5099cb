"""Filters: `list[condition]` and `list[index]` (DMN 1.5, 10.3.2.5)."""

from collections.abc import Mapping
from decimal import Decimal

from feel import nodes
from feel.compare import as_list
from feel.compiler.unit import Code, Unit, compiles
from feel.nodes import Node
from feel.numbers import CONTEXT, to_integer
from feel.run import Run, Scope
from feel.values import Entries, FeelContext, Value, type_name


@compiles(nodes.Filter)
def compile_filter(node: nodes.Filter, unit: Unit) -> Code:
    """Compile a filter; its condition sees `item` and the entries of an item that is a context."""
    target, text = unit.compile(node.target), unit.excerpt(node)
    index = _constant_index(node.condition)
    if index is not None:
        return lambda scope: _pick(target(scope), index, scope.run, text)
    unit.depth += 1
    condition = unit.compile_inside(node.condition)
    unit.depth -= 1

    def run(scope: Scope) -> Value:
        value = target(scope)
        if value is None:
            return scope.run.null("null can't be filtered", text)
        return filter_items(as_list(value), condition, scope, text)

    return run


def _pick(value: Value, index: Decimal, run: Run, text: str) -> Value:
    if value is None:
        return run.null("null has no items", text)
    return pick_item(as_list(value), index, run, text)


def filter_items(items: list[Value], condition: Code, scope: Scope, text: str) -> Value:
    """Return the items for which a condition is true, or the one item that it is the index of."""
    run = scope.run
    if not items:
        result = condition(_item_scope(None, scope))
        return None if isinstance(result, Decimal) else []
    kept: list[Value] = []
    for position, item in enumerate(items):
        run.spend(1)
        result = condition(_item_scope(item, scope))
        if result is True:
            kept.append(item)
        elif isinstance(result, Decimal) and position == 0:
            return pick_item(items, result, run, text)
        elif result is not False and result is not None:
            return run.null(f"a filter can't be {type_name(result)}", text)
    return kept


def _item_scope(item: Value, scope: Scope) -> Scope:
    inner = Scope({"item": item}, scope, scope.run)
    kind = type(item)
    if kind is FeelContext or kind is dict or isinstance(item, Mapping):
        return Scope(item if kind is FeelContext else Entries(item), inner, scope.run)
    return Scope({}, inner, scope.run)


def _constant_index(node: Node) -> Decimal | None:
    if isinstance(node, nodes.Literal) and isinstance(node.value, Decimal):
        return node.value
    if isinstance(node, nodes.Negation):
        inner = _constant_index(node.operand)
        return None if inner is None else CONTEXT.minus(inner)
    return None


def pick_item(items: list[Value], index: Decimal, run: Run, text: str) -> Value:
    """Return the item at an index from 1, or from -1 backwards; null if there is none."""
    position = to_integer(index)
    if position and 0 < position <= len(items):
        return items[position - 1]
    if position and -len(items) <= position < 0:
        return items[position]
    return run.null(f"a list of {len(items)} items has none at {index}", text)
