"""What is said of a record type to show it: see ``kinds``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.actors import Permission
from services.consents.model import PERSON_TYPES
from services.duplicates.anchors import can_be_double
from services.duplicates.book import rules_of
from services.records.reachable import Reachable
from services.records.types import Field, RecordType, all_record_types, get_record_type
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a record page that runs an operation on the record.

    Attributes:
        name: Part of its address.
        done: What is said once it was done; where it tells of the record, what makes a sentence of
            it and of what the operation gave.
        fields: What a dialog asks for before it runs; none: the button runs it at once.
        unless: It is offered unless the record's step (status or stage) is one of these.
        tone: The button's style.
        is_offered: Whether the page's head has a button for it; not where the page's own part does.
        page: The endpoint of a page that asks more than a dialog can, which its button leads to.
        goes_on: Whether its operation makes another record of the type, whose page comes next.
    """

    name: str
    operation: str
    label: str
    icon: str
    done: str | Callable[[Any, Any], str] = ""
    fields: tuple[Field, ...] = ()
    unless: frozenset[str] = frozenset()
    tone: str = ""
    is_offered: bool = True
    page: str = ""
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Related:
    """A list of other records on a record's page: those whose ``field`` points to it."""

    record_type: str
    field: str
    label: str


@dataclass(frozen=True, slots=True)
class OwnPage:
    """What a record type's page has beyond the others'; its templates get ``own``.

    Attributes:
        load: Makes ``own`` of the record.
        head: The template of the buttons in the page's head.
        menu: That of more entries of its menu.
        bar: That of what stands above the columns, in the place of the bar of steps.
        side: That of more cards beside the details.
        main: That of what stands first in the wide column.
        lower: That of what stands there below the open tasks.
        shown: Long texts that stand there, and so not beside the details once more.
        may_change: Says of a record what the type's permission doesn't; None where nothing is.
        previews: By field: where its text is shown as readers see it, while it is written.
        form: The template of what its form asks besides the fields.
        asked: Returns the arguments which that part of the form sent.
    """

    load: Callable[[UnitOfWork, Any], Any]
    head: str
    menu: str
    bar: str
    side: str
    main: str = ""
    lower: str = ""
    shown: tuple[str, ...] = ()
    may_change: Callable[[UnitOfWork, Any], bool] | None = None
    previews: Mapping[str, str] = field(default_factory=dict)
    form: str = ""
    asked: Callable[[], dict[str, str]] = dict

    def lets_change(self, uow: UnitOfWork, record: Any) -> bool:
        """Tell whether the page offers to change a record."""
        return self.may_change is None or self.may_change(uow, record)


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
        own: What its page has beyond the others'.
        board: The endpoint that shows its list in another way, such as a board.
        board_name: What that way is called, with its icon.
        is_party: A company or person that one deals with: it has an avatar, and ties to others.
        cards: Endpoints of cards that its page fetches when it is there, each by the record's key.
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
    lines: bool = False
    write: Permission = Permission.RECORD_WRITE
    own: OwnPage | None = None
    board: str | None = None
    board_name: tuple[str, str] = ("Board", "layout-kanban")
    is_party: bool = False
    cards: tuple[str, ...] = ()

    @property
    def type(self) -> RecordType:
        """The record type's description."""
        return get_record_type(self.record_type)

    @property
    def list_columns(self) -> tuple[str, ...]:
        """The columns of the list, after the title, with those that administrators have added."""
        added = (field.name for field in self.type.added_fields if field.is_in_list)
        return (*self.columns, *added)

    @property
    def asked_fields(self) -> tuple[str, ...]:
        """The fields of the short form, with what administrators want to be asked for."""
        required = self.type.required
        added = (
            field.name
            for field in self.type.added_fields
            if field.writable and (field.is_in_short_form or field.name in required)
        )
        return (*self.create_fields, *added)

    @property
    def related_lists(self) -> tuple[Related, ...]:
        """The lists of other records, with those that added fields link here."""
        own = {(related.record_type, related.field) for related in self.related}
        return (
            *self.related,
            *(
                Related(other.name, field.name, _label_of(other, field))
                for other in all_record_types()
                for field in other.added_fields
                if field.relation == self.record_type and (other.name, field.name) not in own
            ),
        )

    @property
    def has_files(self) -> bool:
        """Whether its forms send files."""
        return any(field.kind == "file" for field in self.type.fields)

    @property
    def is_reachable(self) -> bool:
        """Whether its records have addresses and numbers beside the first ones."""
        return issubclass(self.type.model, Reachable)

    @property
    def is_person(self) -> bool:
        """Whether its records are people, who consent and whose data is theirs."""
        return self.record_type in PERSON_TYPES

    @property
    def has_doubles(self) -> bool:
        """Whether two records of this type can be the same, so that they are merged."""
        return can_be_double(self.type)

    @property
    def finds_doubles(self) -> bool:
        """Whether a rule in force says how doubles of this type are found."""
        return self.has_doubles and any(rule.is_on for rule in rules_of(self.record_type))

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


def _label_of(other: RecordType, field: Field) -> str:
    """Return what the list of records is called that link here with ``field``."""
    links = [one for one in other.added_fields if one.relation == field.relation]
    return other.plural if len(links) == 1 else f"{other.plural}: {field.label}"


def reason(label: str) -> Field:
    """Return the field of a dialog that asks why."""
    return Field("reason", label)
