"""Added fields as attributes of the models: ``deal.c_budget``, and ``Deal.c_budget`` in SQL.

Reading an attribute reads the column ``custom``; setting one replaces that column's whole value,
which is how SQLAlchemy hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Text, literal_column
from sqlalchemy.ext.hybrid import hybrid_property

from services.custom.formulas import Formula, value_of_formula
from services.custom.values import storage_of
from services.errors import Invalid

PREFIX: Final = "c_"


def put_attribute(model: Any, key: str, kind: str, formula: Formula | None) -> None:
    """Give ``model`` the attribute of an added field; one that is there is replaced."""
    if formula is None:
        setattr(model, PREFIX + key, _stored(key, kind))
        model.__added__ = {**model.__added__, key: storage_of(kind).decode}
    else:
        setattr(model, PREFIX + key, _computed(key, formula))


def drop_attribute(model: Any, key: str) -> None:
    """Take the attribute of a field away that there is no more."""
    if PREFIX + key in vars(model):
        delattr(model, PREFIX + key)
        model.__added__ = {name: read for name, read in model.__added__.items() if name != key}


def stored_text(model: Any, key: str) -> Any:
    """Return the SQL of a stored value as text; the key stands in the text of the statement."""
    # Keys are letters, digits and underscores. As a parameter it would hide from the planner
    # that the expression is the one of an index.
    return model.custom.op("->>", return_type=Text())(literal_column(f"'{key}'", Text))


def _stored(key: str, kind: str) -> Any:
    storage = storage_of(kind)
    is_several = kind == "multi_choice"

    def read(record: Any) -> Any:
        stored = (record.custom or {}).get(key)
        return None if stored is None else storage.decode(stored)

    def write(record: Any, value: Any) -> None:
        kept = {name: stored for name, stored in (record.custom or {}).items() if name != key}
        if value is not None and value != []:
            kept[key] = storage.encode(value)
        record.custom = kept

    def expression(model: Any) -> Any:
        if is_several:
            return model.custom[literal_column(f"'{key}'", Text)]
        return storage.column(stored_text(model, key))

    return _named(key, read, expression, write)


def _computed(key: str, formula: Formula) -> Any:
    def read(record: Any) -> Any:
        return value_of_formula(record, key, formula)

    def expression(_model: Any) -> Any:
        message = "A field that is computed can't be searched for."
        raise Invalid(message, {PREFIX + key: [message]})

    return _named(key, read, expression, None)


def _named(
    key: str,
    read: Callable[[Any], Any],
    expression: Callable[[Any], Any],
    write: Callable[[Any, Any], None] | None,
) -> Any:
    """Return the hybrid, whose functions must be called as the attribute is."""
    for function in (read, expression, write):
        if function is not None:
            function.__name__ = PREFIX + key
    return hybrid_property(read, fset=write, expr=expression)
