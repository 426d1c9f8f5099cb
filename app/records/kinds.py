"""How each record type is shown: its columns, filters, form fields and actions.

What a field is called and what kind it has comes from the record type; this says only where it
stands. A new record type gets its pages by one more ``RecordKind``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.duplicates import RULES
from services.record_types import Field, RecordType, get_record_type


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


def _reason(label: str) -> Field:
    return Field("reason", label)


_LEAD: Final = RecordKind(
    record_type="lead",
    place="leads",
    icon="target-arrow",
    columns=("company", "status", "score", "grade", "channel", "owner_id", "created_at"),
    subtitle=("number", "company", "channel"),
    create_fields=("name", "company", "email", "phone", "source", "wishes"),
    filters=("status",),
    step_field="status",
    ends=("qualified", "worked_out"),
    bad_ends=("worked_out",),
    actions=(
        Action(
            "convert",
            "lead.convert",
            "Convert",
            "check",
            "The lead became an account, a contact and a deal.",
            unless=frozenset({"qualified", "worked_out"}),
            tone="primary",
        ),
        Action(
            "work-out",
            "lead.work_out",
            "Work out",
            "archive",
            "The lead is worked out.",
            fields=(_reason("Why does nothing come of it?"),),
            unless=frozenset({"qualified", "worked_out"}),
        ),
    ),
)

_DEAL: Final = RecordKind(
    record_type="deal",
    place="deals",
    icon="briefcase",
    columns=("account_id", "amount", "stage", "probability", "expected_close_on", "owner_id"),
    subtitle=("amount", "account_id"),
    create_fields=("name", "account_id", "contact_id", "amount", "currency", "expected_close_on"),
    filters=("stage",),
    step_field="stage",
    step_operation="deal.move_stage",
    ends=("won", "lost"),
    bad_ends=("lost",),
    actions=(
        Action(
            "win",
            "deal.win",
            "Won",
            "trophy",
            "The deal is won.",
            unless=frozenset({"won", "lost"}),
            tone="primary",
        ),
        Action(
            "lose",
            "deal.lose",
            "Lost",
            "circle-x",
            "The deal is lost.",
            fields=(_reason("Why was it lost?"),),
            unless=frozenset({"won", "lost"}),
        ),
    ),
    documents=True,
)

_REQUEST: Final = RecordKind(
    record_type="request",
    place="requests",
    icon="ticket",
    columns=("number", "type", "status", "priority", "requester_name", "owner_id", "created_at"),
    subtitle=("number", "type", "requester_name"),
    create_fields=(
        "subject",
        "type",
        "priority",
        "requester_name",
        "requester_email",
        "description",
    ),
    filters=("status", "type", "priority"),
    step_field="status",
    step_operation="request.set_status",
    ends=("closed",),
)

_ACCOUNT: Final = RecordKind(
    record_type="account",
    place="accounts",
    icon="building",
    columns=("city", "industry", "phone", "email", "owner_id", "created_at"),
    subtitle=("industry", "city"),
    create_fields=("name", "website", "email", "phone", "city", "industry"),
    related=(
        Related("contact", "account_id", "Contacts"),
        Related("deal", "account_id", "Deals"),
        Related("request", "account_id", "Requests"),
    ),
)

_CONTACT: Final = RecordKind(
    record_type="contact",
    place="contacts",
    icon="users",
    columns=("position", "account_id", "email", "phone", "owner_id", "created_at"),
    subtitle=("position", "account_id"),
    create_fields=("first_name", "last_name", "email", "phone", "position", "account_id"),
    related=(
        Related("deal", "contact_id", "Deals"),
        Related("request", "contact_id", "Requests"),
    ),
)

KINDS: Final = {kind.record_type: kind for kind in (_LEAD, _DEAL, _REQUEST, _ACCOUNT, _CONTACT)}
