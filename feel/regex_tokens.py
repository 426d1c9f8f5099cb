"""The syntax tree of a regular expression."""

from dataclasses import dataclass

from feel.regex_sets import CharacterSet


@dataclass(frozen=True)
class SetItem:
    """One character of some set."""

    characters: CharacterSet


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


@dataclass(frozen=True)
class Pattern:
    """A regular expression that was read.

    Attributes:
        tree: Its syntax tree.
        groups: How many groups are remembered.
        has_references: Whether there are back-references.
        has_starts: Whether there is a `^`.
    """

    tree: Alternative
    groups: int
    has_references: bool
    has_starts: bool
