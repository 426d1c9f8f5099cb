"""The syntax tree of a regular expression, for those with back-references."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class SetItem:
    """One character of some set."""

    contains: Callable[[str], bool]


@dataclass(frozen=True)
class Reference:
    """What a group matched, once more."""

    group: int


@dataclass(frozen=True)
class Anchor:
    """`^` or `$`."""

    sign: str


@dataclass(frozen=True)
class Group:
    """A group; its number is None if it is not remembered."""

    number: int | None
    inside: "Alternative"


@dataclass(frozen=True)
class Repeat:
    """An item so many times; `most` is None if there is no limit."""

    item: "Item"
    least: int
    most: int | None
    greedy: bool


Item = SetItem | Reference | Anchor | Group | Repeat


@dataclass(frozen=True)
class Alternative:
    """Several sequences, of which the first that matches counts."""

    branches: list[list[Item]]
