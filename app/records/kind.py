"""What is said of a record type to show it: see ``kinds``."""

from __future__ import annotations

from dataclasses import dataclass

from services.actors import Permission
from services.records.duplicates import RULES
from services.records.types import Field, RecordType, get_record_type


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a record page that runs an operation on the record.

    Attributes:
        name: Part of its address.
        fields: What a dialog asks for before it runs; none: the button runs it at once.
        unless: It is offered unless the record's step (status or stage) is one of these.
        tone: The button's style.
    """

    name: str
    operation: str
    label: str
    icon: str
    done: str
    fields: tuple[Field, ...] = ()
    unless: frozenset[str] = frozenset()
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """A list of other records on a record's page: those whose ``field`` points to it."""

    record_type: str
    field: str
    label: str


@dataclass(frozen=True, slots=True)
class RecordKind:
    """The pages of one record type.

    Attributes:
        place: The blueprint's name and first part of the address, such as ``leads``.
        columns: Of the list, after the title.
        subtitle: The fields that stand below the title of a record's page.
        filters: Choice fields that the list can be narrowed by.
        create_fields: Of the short form that makes one.
        step_field: The status or stage that the bar on top shows.
        ends: Steps after which nothing follows; the bar shows one of them at most.
        lines: It is a document with lines, which have a form of their own.
        write: What its operations ask for.
    """

    record_type: str
    place: str
    icon: str
    columns: tuple[str, ...]
    subtitle: tuple[str, ...]
    create_fields: tuple[str, ...]
    filters: tuple[str, ...] = ()
    step_field: str | None = None
    step_operation: str | None = None
    ends: tuple[str, ...] = ()
    bad_ends: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    related: tuple[Related, ...] = ()
    documents: bool = False
    lines: bool = False
    write: Permission = Permission.RECORD_WRITE

    @property
    def type(self) -> RecordType:
        """The record type's description."""
        return get_record_type(self.record_type)

    @property
    def has_doubles(self) -> bool:
        """Whether there is a rule by which doubles of this type are found."""
        return self.record_type in RULES

    @property
    def id_argument(self) -> str:
        """What its operations call the record's key."""
        return f"{self.record_type}_id"

    @property
    def edit_fields(self) -> tuple[str, ...]:
        """The fields that the edit form shows, in the record type's order.

        Owner and team are changed by assigning, which knows the rules for it.
        """
        return tuple(
            field.name
            for field in self.type.fields
            if field.writable and field.name not in {"owner_id", "team_id", self.step_field}
        )


def reason(label: str) -> Field:
    """Return the field of a dialog that asks why."""
    return Field("reason", label)
