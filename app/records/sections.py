"""The fields of a form or a page in parts: those without a section first, then each section."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.custom.sections import sections_of
from services.records.types import Field

FEW: Final = 12
"""A form for a new record with so many fields or fewer has no parts."""
JUMPS: Final = 3
"""With more sections than this, links to each stand on top."""


@dataclass(frozen=True, slots=True)
class Part:
    """The fields of one section; ``key`` is what links lead to."""

    key: str
    label: str
    fields: list[Field]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """The fields in parts; ``loose`` are those without a section."""

    loose: list[Field]
    sections: list[Part]

    @property
    def has_jumps(self) -> bool:
        """Whether links to each section are of use."""
        return len(self.sections) > JUMPS

    @property
    def names(self) -> frozenset[str]:
        """The names of the fields that stand in a section."""
        return frozenset(field.name for part in self.sections for field in part.fields)


def parts_of(
    record_type: str, fields: Sequence[Field] | Iterable[Field], opened: Collection[str] = ()
) -> Parts:
    """Return the fields in parts; a section with one of the fields ``opened`` is open."""
    by_name = {field.name: field for field in fields}
    sections = []
    for section in sections_of(record_type):
        own = [by_name.pop(name) for name in section.names if name in by_name]
        if own:
            is_open = not section.is_closed or any(field.name in opened for field in own)
            sections.append(Part(f"section-{section.id.hex}", section.label, own, is_open))
    return Parts(list(by_name.values()), sections)
