"""Tables and texts as they were written, for what is checked while somebody models."""

from collections.abc import Sequence
from dataclasses import dataclass

from feel import UnaryTests
from feel.types import Type
from processes.engine.decisions.scopes import Names
from processes.engine.xml import Element


@dataclass(frozen=True)
class TextOutline:
    """A FEEL text.

    Attributes:
        element: The element that holds it.
        place: Where it stands, for people.
        text: The text.
        names: What is visible to it.
        is_test: Whether it is unary tests.
    """

    element: Element
    place: str
    text: str
    names: Names
    is_test: bool = False


@dataclass(frozen=True)
class ColumnOutline:
    """An input of a table as it was written.

    Attributes:
        label: What people call it.
        text: Its expression.
        kind: Its type; None if any.
        allowed: The values it may have; None if all.
    """

    label: str
    text: str
    kind: Type | None
    allowed: UnaryTests | None


@dataclass(frozen=True)
class TableOutline:
    """A table as it was written.

    Attributes:
        element: The element.
        place: Where it stands, for people.
        policy: Its hit policy, with its aggregation.
        has_default: Whether an output has a value where no rule holds.
        columns: Its inputs.
        rows: The tests of each rule, one for each input.
    """

    element: Element
    place: str
    policy: str
    has_default: bool
    columns: Sequence[ColumnOutline]
    rows: Sequence[Sequence[UnaryTests]]
