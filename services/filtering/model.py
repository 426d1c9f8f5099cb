"""What a filter is made of, once it has been read: typed, checked, ready for SQL and Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.filtering.further_fields import FurtherField
from services.filtering.relations import RelatedRecords, Target
from services.records.types import Field


@dataclass(frozen=True, slots=True)
class Me:
    """Whoever asks."""


@dataclass(frozen=True, slots=True)
class MyTeam:
    """The groups of whoever asks, or of a person's field everybody in them."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days that are told by words, such as ``last 7 days``; see ``periods``."""

    text: str


@dataclass(frozen=True, slots=True)
class Hop:
    """A step along a relation field to the one thing that it points to."""

    field: Field
    target: Target


@dataclass(frozen=True, slots=True)
class Condition:
    """A field compared with values.

    Attributes:
        hops: The way to the field's record; none for a field of the filtered record itself.
        values: Of the field's Python type, or ``Me``, ``MyTeam``, ``Period``.
    """

    hops: tuple[Hop, ...]
    field: Field
    op: str
    values: tuple[Any, ...]

    @property
    def looks_elsewhere(self) -> bool:
        """Whether the record at hand does not hold the compared value."""
        return bool(self.hops) or isinstance(self.field, FurtherField)

    @property
    def path(self) -> str:
        """The field as filters write it: ``account.city``."""
        return ".".join([*(hop.target.name_of(hop.field) for hop in self.hops), self.field.name])


@dataclass(frozen=True, slots=True)
class Words:
    """Words that the record is found by, as in the search box of a list."""

    text: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the parts; with no parts, every record."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What the part does not hold for."""

    part: Node


@dataclass(frozen=True, slots=True)
class Related:
    """Whether there are records that point to this one, and fulfil ``where``."""

    quantifier: Literal["some", "none"]
    records: RelatedRecords
    where: Node


Node = AllOf | AnyOf | Not | Condition | Related | Words


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of one record type.

    Attributes:
        raw: As it was written, for storing and for showing it again.
    """

    record_type: str
    root: Node
    raw: Mapping[str, Any]

    @property
    def is_empty(self) -> bool:
        """Whether it lets every record through."""
        return isinstance(self.root, AllOf) and not self.root.parts

    @property
    def looks_elsewhere(self) -> bool:
        """Whether it reads more than the record's own fields, so that SQL has to answer."""
        return any(
            isinstance(node, Related | Words)
            or (isinstance(node, Condition) and node.looks_elsewhere)
            for node in nodes_of(self.root)
        )

    def field_names(self) -> frozenset[str]:
        """Return the record's own fields that it reads."""
        return frozenset(
            node.hops[0].field.name if node.hops else node.field.name
            for node in nodes_of(self.root)
            if isinstance(node, Condition)
        )


def nodes_of(root: Node) -> Iterator[Node]:
    """Yield ``root`` and every node below it that is about the same record."""
    yield root
    if isinstance(root, AllOf | AnyOf):
        for part in root.parts:
            yield from nodes_of(part)
    elif isinstance(root, Not):
        yield from nodes_of(root.part)


def reads_whoever_asks(filter_: Filter) -> bool:
    """Tell whether a filter means something else for each person: it says me, or my team."""
    return _reads_whoever_asks(filter_.root)


def _reads_whoever_asks(root: Node) -> bool:
    return any(
        _reads_whoever_asks(node.where)
        if isinstance(node, Related)
        else isinstance(node, Condition) and any(isinstance(v, Me | MyTeam) for v in node.values)
        for node in nodes_of(root)
    )


EVERYTHING = AllOf(())
