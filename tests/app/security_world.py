"""Three people's records of every type, and what operations take, made from their schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from services.activities.model import Participant
from services.actors import SYSTEM, Actor, Permission
from services.arguments import Keys
from services.crm.contact_account_model import ContactAccount
from services.crm.pipelines import default_pipeline
from services.documents.model import Document
from services.duplicates.model import DuplicatePair
from services.essentials import seed_essentials
from services.mail.model import Mail
from services.operations import Operation, get_operation, run
from services.people.model import Group, User, find_group
from services.platform import Platform
from services.points.model import ContactPoint
from services.records.merging import Merge
from services.records.timeline import TimelineRow
from services.records.types import all_record_types, get_record_type
from services.rights.model import RecordShare
from services.sales.model import Payment
from services.unit_of_work import UnitOfWork

NOBODYS = UUID("01890000-0000-7000-8000-000000000000")
OWNERS = {"own": ("petra", "Sales"), "team": ("boris", "Sales"), "other": ("sven", "Service")}

EVERYTHING = [one.value for one in Permission]
FULL = dict.fromkeys(("create", "read", "update", "delete", "export"), "standard")
ROLES = {
    "full": {"*": {**FULL, "create": "all"}},
    "reader": {"*": {"read": "all", "export": "all"}},
    "closed": {"*": {}},
}
PEOPLE = {
    "petra": ("full", "own", ["Sales"]),
    "boris": ("full", "team", ["Sales"]),
    "sven": ("full", "own", ["Service"]),
    "maria": ("full", "all", []),
    "rita": ("reader", "own", []),
    "clara": ("closed", "all", ["Sales"]),
}
SEEN_BY = {
    "petra": {"own"},
    "boris": {"own", "team"},
    "maria": {"own", "team", "other"},
    "rita": {"own", "team", "other"},
    "clara": set(),
}

# Arguments of operations that only a sensible value takes as far as the record they name.
SENSIBLE: Mapping[tuple[str, str], Any] = {
    ("activity.complete", "result"): "Done",
    ("activity.create", "kind"): "call",
    ("activity.log", "kind"): "call",
    ("activity.respond", "response"): "accepted",
    **{(f"campaign.{verb}", "purpose"): "marketing" for verb in ("create", "update")},
    **{(f"consent.{verb}", "purpose"): "marketing" for verb in ("give", "withdraw", "request")},
    ("consent.give", "evidence"): "A signed card",
    ("contact_point.add", "kind"): "mail",
    ("contact_point.add", "value"): "new@x.example",
    ("contact_point.update", "value"): "newer@x.example",
    ("deal.hold", "hold_until"): "2099-01-01",
    ("deal.move_stage", "stage"): "offer",
    ("document.add", "content"): "aGVsbG8=",
    ("document.make", "template"): "offer",
    ("document.start", "template"): "offer",
    ("mail.send", "to"): "a@x.example",
    ("mail.send", "subject"): "Hello",
    ("mail.send", "body"): "Hello",
    ("record.assign", "group"): "Sales",
    ("record.attach", "content"): "aGVsbG8=",
    ("request.set_status", "status"): "resolved",
    ("segment.add_by_values", "values"): ["a@x.example"],
    ("segment.create", "kind"): "static",
}


class UndoneError(Exception):
    """Ends a transaction without its effects."""


@dataclass
class World:
    """Whose rows there are: kind → relation → key."""

    platform: Platform
    rows: dict[str, dict[str, UUID]] = field(default_factory=dict)
    users: dict[str, UUID] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    groups: dict[str, UUID] = field(default_factory=dict)

    def as_(self, who: str, work: Callable[[UnitOfWork], Any]) -> Any:
        """Run ``work(uow)`` as a person, and undo it."""
        kept: list[Any] = []

        def undo(uow: UnitOfWork) -> None:
            kept.append(work(uow))
            raise UndoneError

        with suppress(UndoneError):
            self.platform.transact(self.actors[who], undo, source="test")
        return kept[0]


def build_world(platform: Platform, password_hash: str) -> World:
    """Make the people, and rows of every kind for three of them."""
    world = World(platform)
    platform.transact(SYSTEM, lambda uow: _add_people(uow, world, password_hash))
    for relation in OWNERS:
        platform.transact(
            SYSTEM, lambda uow, relation=relation: _add_rows(uow, world, relation), source="test"
        )
    for name, key in world.users.items():
        world.actors[name] = platform.transact(
            SYSTEM, lambda uow, key=key: uow.get(User, key).actor()
        )
    return world


def _add_people(uow: UnitOfWork, world: World, password_hash: str) -> None:
    seed_essentials(uow)
    for name, records in ROLES.items():
        run(uow, "role.create", {"name": name, "permissions": EVERYTHING, "records": records})
    for name, (role, scope, groups) in PEOPLE.items():
        email = f"{name}@matrix.example"
        user = User(
            email=email, name=name.title(), roles=[role], scope=scope, password_hash=password_hash
        )
        user.groups = [find_group(uow, group) for group in groups]
        world.users[name] = uow.add(user).id
    world.groups = {row.name: row.id for row in uow.session.scalars(select(Group))}


def scoped_types() -> list[str]:
    """Return the record types whose records have owners that matter; accounts first."""
    names = [one.name for one in all_record_types() if getattr(one.model, "__scoped__", False)]
    return sorted(names, key=lambda name: (name != "account", name != "contact", name))


def _add_rows(uow: UnitOfWork, world: World, relation: str) -> None:
    owner, team = OWNERS[relation]
    whose = {"owner_id": world.users[owner], "team_id": world.groups[team]}
    own: dict[str, UUID] = {}
    own["user"], own["pipeline"] = world.users[owner], default_pipeline(uow).id
    own["territory"] = run(uow, "territory.create", {"name": relation}).id
    own["article"] = run(uow, "article.create", {"title": "Article", "body": "x"}).id
    world.rows.setdefault("user", {})[relation] = own["user"]
    world.rows.setdefault("territory", {})[relation] = own["territory"]
    world.rows.setdefault("article", {})[relation] = own["article"]
    world.rows.setdefault("pipeline", {})[relation] = own["pipeline"]
    for name in scoped_types():
        create = get_operation(f"{name}.create")
        own[name] = run(uow, create.name, {**arguments_of(create, own), **whose}).id
        world.rows.setdefault(name, {})[relation] = own[name]
    own["twin"] = run(uow, "lead.create", {"name": "Twin", **whose}).id
    world.rows.setdefault("twin", {})[relation] = own["twin"]
    for kind, row in _dependents(uow, own, relation, world.users[owner]).items():
        world.rows.setdefault(kind, {})[relation] = uow.add(row).id
    for kind, key in _add_points(uow, own, relation).items():
        world.rows.setdefault(kind, {})[relation] = own[kind] = key
    mail = uow.session.get_one(Mail, world.rows["mail"][relation])
    world.rows.setdefault("thread", {})[relation] = mail.thread_id


def _dependents(
    uow: UnitOfWork, own: Mapping[str, UUID], relation: str, owner: UUID
) -> dict[str, Any]:
    """Return a row of each table whose rows operations name besides records."""
    now = uow.now
    lead = {"record_type": "lead", "record_id": own["lead"]}
    by = {"actor_id": owner, "actor_name": "x"}
    value = f"{relation}@x.example"
    first, second = sorted((own["lead"], own["twin"]))
    return {
        "share": RecordShare(
            **lead,
            holder_kind="user",
            holder_id=NOBODYS,
            level="read",
            ends_at=None,
            shared_at=now,
            shared_by="x",
        ),
        "contact_point": ContactPoint(
            **lead, kind="messenger", value=value, normalised=value, created_at=now
        ),
        "contact_account": ContactAccount(contact_id=own["contact"], account_id=own["account"]),
        "participant": Participant(activity_id=own["activity"], user_id=owner),
        "note": TimelineRow(
            at=now,
            kind="note",
            title="Note",
            body="x",
            details={},
            record_title="x",
            **lead,
            **by,
        ),
        "mail": Mail(
            state="sent",
            message_id=f"<{relation}@x.example>",
            from_address="a@x.example",
            to_addresses="b@x.example",
            subject="x",
            text="x",
            sender_name="x",
            **lead,
        ),
        "document": Document(
            name="x.docx",
            content_type="text/plain",
            size_bytes=1,
            sha256="0",
            content=b"x",
            created_at=now,
            created_by_name="x",
            **lead,
        ),
        "payment": Payment(
            invoice_id=own["invoice"],
            amount=Decimal(1),
            paid_on=date(2026, 3, 1),
            recorded_at=now,
            recorded_by="x",
        ),
        "merge": Merge(
            record_type="lead",
            kept_id=own["lead"],
            dropped_id=own["twin"],
            values={},
            taken={},
            moved={},
            merged_at=now,
            merged_by="x",
        ),
        "pair": DuplicatePair(
            record_type="lead", first_id=first, second_id=second, score=90, reason="x", found_at=now
        ),
    }


def _add_points(uow: UnitOfWork, own: dict[str, UUID], relation: str) -> dict[str, UUID]:
    """Make a programme whose member is the person's contact, who has earned, and taken a prize."""
    programme = run(uow, "loyalty_programme.create", {"name": f"Club {relation}"})
    prize = {"programme_id": str(programme.id), "name": "Mug", "points": 1}
    own["prize"] = run(uow, "loyalty_prize.add", prize).id
    whose = {"programme_id": str(programme.id), "contact_id": str(own["contact"])}
    member = {"member_id": str(run(uow, "loyalty.enrol", whose).id)}
    earned = run(uow, "loyalty.earn", {**member, "points": 5, "reason": "x"})
    taken = run(uow, "loyalty.redeem", {**member, "prize_id": str(own["prize"])})
    return {
        "programme": programme.id,
        "loyalty_programme": programme.id,
        "prize": own["prize"],
        "loyalty_member": UUID(member["member_id"]),
        "loyalty_entry": earned["entry_id"],
        "loyalty_redemption": taken["redemption_id"],
    }


def arguments_of(operation: Operation, own: Mapping[str, UUID]) -> dict[str, Any]:
    """Return what an operation needs at least, with keys of the person's own rows."""
    schema = operation.schema()
    given = {}
    for name, argument in schema.fields.items():
        sensible = SENSIBLE.get((operation.name, name))
        if sensible is not None:
            given[name] = sensible
        elif argument.required:
            given[name] = _value(operation, name, argument, own)
    return given


def _value(
    operation: Operation, name: str, argument: fields.Field[Any], own: Mapping[str, UUID]
) -> Any:
    kind = kind_named(operation, name, argument)
    if kind is not None:
        return str(own.get(record_type_for(operation) if kind == RECORD else kind, NOBODYS))
    if name == "record_type":
        return record_type_for(operation)
    if isinstance(argument, fields.UUID):
        return str(own.get(name.removesuffix("_id"), NOBODYS))
    for check in argument.validators:
        if isinstance(check, validate.OneOf):
            return next(iter(check.choices))
    return _plain_value(argument)


def _plain_value(argument: fields.Field[Any]) -> Any:
    name = type(argument).__name__
    plain = {"Email": "a@x.example", "Day": "2026-05-01", "Date": "2026-05-01", "Currency": "EUR"}
    if name in plain:
        return plain[name]
    if isinstance(argument, fields.List):
        return []
    if isinstance(argument, fields.Dict):
        return {}
    if isinstance(argument, fields.Number):
        return 1
    return "Something"


RECORD = "record"
"""A key of any record type; which one stands in another argument."""

# What a key names where its name and its metadata don't say it.
ROWS: Mapping[str, str] = {
    "share_id": "share",
    "contact_point_id": "contact_point",
    "contact_account_id": "contact_account",
    "participant_id": "participant",
    "note_id": "note",
    "mail_id": "mail",
    "reply_to_id": "mail",
    "thread_id": "thread",
    "document_id": "document",
    "document_ids": "document",
    "signed_document_id": "document",
    "payment_id": "payment",
    "member_id": "loyalty_member",
    "entry_id": "loyalty_entry",
    "redemption_id": "loyalty_redemption",
    "merge_id": "merge",
    "pair_id": "pair",
    "pair_ids": "pair",
    "kept_id": RECORD,
    "dropped_id": RECORD,
    "other_id": RECORD,
    "record_id": RECORD,
    "record_ids": RECORD,
    "regarding_id": RECORD,
    "contact_ids": "contact",
    "lead_ids": "lead",
}

# The like, where a row of the world decides of which type it is.
ROWS_OF: Mapping[tuple[str, str], str] = {
    ("segment.add_members", "record_ids"): "contact",
    ("segment.check", "record_id"): "contact",
    ("segment.remove_members", "record_ids"): "contact",
}

# Keys that name no record and nothing of one; the permission alone decides on them, or the row
# says itself whose it is, which the tests of its own subject show.
SETTINGS = frozenset(
    {
        "user_id", "user_ids", "group_id", "owner_id", "team_id", "calendar_id", "policy_id",
        "article_id", "category_id", "programme_id", "rule_id", "level_id", "prize_id",
        "loyalty_programme_id",
        "pipeline_id", "pipeline_ids", "stage_id", "lost_reason_id", "field_id", "type_id",
        "template_id", "tag_id", "into_id", "scan_id", "copy_of", "token_id", "view_id",
        "mention_id", "notification_id", "import_id", "export_id", "price_list_id",
        "product_id", "price_id", "rate_id", "parent_id", "territory_id", "manager_id",
        "purpose_id", "seen_ids", "section_id", "change_id",
    }
)  # fmt: skip
# Of processes: who operates them sees all of them, and tasks have rights of their own
# (tests/processes/test_tasks.py, test_looking.py).
PROCESSES = frozenset(
    {
        "task_id", "instance_id", "incident_id", "version_id", "target_version_id", "message_id",
        "run_id", "instance_ids",
    }
)  # fmt: skip


def keys_of(operation: Operation) -> Iterator[tuple[str, fields.Field[Any]]]:
    """Yield the arguments of an operation that are keys, or lists of keys."""
    for name, argument in operation.schema().fields.items():
        inner = getattr(argument, "inner", argument)
        if isinstance(inner, fields.UUID):
            yield name, argument


def kind_named(operation: Operation, name: str, argument: fields.Field[Any]) -> str | None:
    """Return the kind of row that a key names; None if it is none of a record."""
    if not isinstance(argument, fields.UUID | Keys):
        return None
    types = set(scoped_types())
    said = argument.metadata.get("record_type") or argument.metadata.get("relation")
    if said in types:
        return str(said)
    if name.removesuffix("_id") in types:
        return name.removesuffix("_id")
    return ROWS_OF.get((operation.name, name)) or ROWS.get(name)


def record_type_for(operation: Operation) -> str:
    """Return a record type that the operation takes for its argument of that name."""
    argument = operation.schema().fields.get("record_type")
    for name in ("lead", "deal", "account"):
        if argument is None or _takes(argument, name):
            return name
    return "lead"


def _takes(argument: fields.Field[Any], name: str) -> bool:
    return all(
        name in check.choices for check in argument.validators if isinstance(check, validate.OneOf)
    )


def with_key(operation: Operation, name: str, key: UUID, own: Mapping[str, UUID]) -> dict[str, Any]:
    """Return arguments in which ``name`` names the row with ``key``."""
    given = arguments_of(operation, own)
    if operation.name == "record.merge":
        given |= {"kept_id": str(own["twin"]), "dropped_id": str(own["twin"])}
    if operation.name == "duplicates.tell_apart":
        given |= {"record_id": str(own["twin"]), "other_id": str(own["twin"])}
    argument = operation.schema().fields[name]
    given[name] = [str(key)] if isinstance(argument, Keys) else str(key)
    of_type = f"{name.removesuffix('_id')}_type"
    if kind_named(operation, name, argument) == RECORD and of_type in operation.schema().fields:
        given[of_type] = record_type_for(operation)
    return given


def label_of(record_type: str) -> str:
    """Return what people call a record of a type."""
    return get_record_type(record_type).label
