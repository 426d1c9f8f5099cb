"""What administrators do with rules: write them, switch them off, restore those that ship."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from marshmallow import fields, validate
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.actors import Permission
from services.arguments import Line, Truth, WholeNumber
from services.custom.keys import key_from
from services.custom.layout import change_layout, lock_layout, on_reading
from services.duplicates.anchors import can_be_double
from services.duplicates.book import learn_rules, merge_rules
from services.duplicates.checking import check_rule
from services.duplicates.model import DuplicateRule
from services.duplicates.rules import METHODS, ON_SAVE, SHIPPED, SIMILAR, Condition, OnSave, Rule
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.records.types import find_record_type
from services.unit_of_work import UnitOfWork

MAX_RULES: Final = 30
MAX_CONDITIONS: Final = 6


class ConditionArguments(Arguments):
    """What holds of one field."""

    field = Line(required=True, metadata={"title": "Field"})
    method = Line(
        load_default="same", validate=validate.OneOf(list(METHODS)), metadata={"title": "Compared"}
    )
    at_least = WholeNumber(
        load_default=SIMILAR,
        validate=validate.Range(min=50, max=100, error="Use {min} to {max}."),
        metadata={"title": "Similar from", "description": "The ratio of 100."},
    )
    weight = WholeNumber(
        load_default=1,
        validate=validate.Range(min=1, max=100, error="Use {min} to {max}."),
        metadata={"title": "Points"},
    )


class NameDuplicateRule(Arguments):
    """Which rule."""

    record_type = Line(required=True, metadata={"title": "Record type"})
    key = Line(required=True, metadata={"title": "Key"})


def _rule_arguments(*, is_new: bool) -> dict[str, fields.Field[Any]]:
    """Return what a rule says; a new one has what is usual where nothing is said."""

    def usual(value: Any) -> dict[str, Any]:
        return {"load_default": value} if is_new else {}

    return {
        "name": Line(
            required=is_new, validate=validate.Length(max=100), metadata={"title": "Name"}
        ),
        "conditions": fields.List(
            fields.Nested(ConditionArguments),
            required=is_new,
            validate=validate.Length(
                1, MAX_CONDITIONS, error=f"A rule has 1 to {MAX_CONDITIONS} conditions."
            ),
            metadata={"title": "Conditions"},
        ),
        "needed": WholeNumber(
            **usual(0),
            validate=validate.Range(min=0, error="Use 0 or more."),
            metadata={"title": "Points needed", "description": "0: all conditions have to hold."},
        ),
        "is_on": Truth(**usual(value=True), metadata={"title": "In force"}),
        "typing": Truth(**usual(value=True), metadata={"title": "While typing"}),
        "on_save": Line(
            **usual(OnSave.NOTHING.value),
            validate=validate.OneOf(list(ON_SAVE)),
            metadata={"title": "On save"},
        ),
        "importing": Truth(**usual(value=True), metadata={"title": "In imports"}),
        "scanning": Truth(**usual(value=True), metadata={"title": "In scans"}),
        "tells_unseen": Truth(
            **usual(value=False),
            metadata={
                "title": "Tell of records that one may not see",
                "description": "On save, and no more than that there is one.",
            },
        ),
    }


CreateRule: Any = type(
    "CreateDuplicateRule",
    (Arguments,),
    {
        "__doc__": "A rule of one's own.",
        "record_type": Line(required=True, metadata={"title": "Record type"}),
        **_rule_arguments(is_new=True),
    },
)
UpdateRule: Any = type(
    "UpdateDuplicateRule",
    (NameDuplicateRule,),
    {"__doc__": "What a rule is to say.", **_rule_arguments(is_new=False)},
)


@operation("duplicate_rule.create", Permission.DATA_MANAGE, CreateRule)
def create_rule(
    uow: UnitOfWork, *, record_type: str, conditions: list[Mapping[str, Any]], **values: Any
) -> dict[str, Any]:
    """Write a rule that says which records are the same."""
    lock_layout(uow)
    known = _known(uow, record_type)
    if len(known) >= MAX_RULES:
        raise Conflict(f"There are {MAX_RULES} rules of a type at most.")
    key = key_from(values["name"], list(known), otherwise="rule")
    made = Rule(
        record_type=record_type,
        key=key,
        conditions=tuple(Condition(**one) for one in conditions),
        **values,
    )
    check_rule(made, others=known.values())
    last = uow.session.scalar(
        select(func.max(DuplicateRule.position)).where(DuplicateRule.record_type == record_type)
    )
    row = DuplicateRule(
        record_type=record_type, key=key, rule=made.as_dict(), position=(last or 0) + 1
    )
    uow.add(row)
    change_layout(uow)
    return made.as_dict()


@operation("duplicate_rule.update", Permission.DATA_MANAGE, UpdateRule)
def update_rule(uow: UnitOfWork, *, record_type: str, key: str, **values: Any) -> dict[str, Any]:
    """Change a rule, or switch it off or on; one that ships can be restored."""
    lock_layout(uow)
    known = _known(uow, record_type)
    rule = _get(known, key)
    if "conditions" in values:
        values["conditions"] = tuple(Condition(**one) for one in values["conditions"])
    made = replace(rule, **values)
    # A rule that has come to name a field which is no more can still be switched off.
    if made.is_on:
        check_rule(made, others=[one for one in known.values() if one.key != key])
    row = _row(uow, record_type, key)
    if row is None:
        uow.add(DuplicateRule(record_type=record_type, key=key, rule=made.as_dict()))
    else:
        row.rule = made.as_dict()
    change_layout(uow)
    return made.as_dict()


@operation("duplicate_rule.delete", Permission.DATA_MANAGE, NameDuplicateRule)
def delete_rule(uow: UnitOfWork, *, record_type: str, key: str) -> dict[str, Any]:
    """Delete a rule of one's own; one that ships can be switched off."""
    if key in SHIPPED.get(record_type, {}):
        raise Conflict("A rule that ships can't be deleted; switch it off.")
    _remove(uow, record_type, key)
    return {"record_type": record_type, "key": key}


@operation("duplicate_rule.restore", Permission.DATA_MANAGE, NameDuplicateRule)
def restore_rule(uow: UnitOfWork, *, record_type: str, key: str) -> dict[str, Any]:
    """Let a rule that ships say again what it said at first."""
    shipped = SHIPPED.get(record_type, {}).get(key)
    if shipped is None:
        raise NotFound("There is no such rule that ships.")
    if _row(uow, record_type, key) is not None:
        _remove(uow, record_type, key)
    return shipped.as_dict()


def list_rules(uow: UnitOfWork) -> dict[str, dict[str, Rule]]:
    """Return all rules by record type and key, as they stand in the database."""
    return merge_rules(uow.session.scalars(_in_order()).all())


def get_rule(uow: UnitOfWork, record_type: str, key: str) -> Rule:
    """Return a rule.

    Raises:
        NotFound: There is none of this key.
    """
    return _get(list_rules(uow).get(record_type, {}), key)


def is_changed(rule: Rule) -> bool:
    """Tell whether a rule that ships says something else by now."""
    shipped = SHIPPED.get(rule.record_type, {}).get(rule.key)
    return shipped is not None and shipped != rule


def _known(uow: UnitOfWork, record_type: str) -> Mapping[str, Rule]:
    found = find_record_type(record_type)
    if found is None or not can_be_double(found):
        message = f"Records of the type {record_type} can't be merged, so they have no rules."
        raise Invalid(message, {"record_type": [message]})
    return list_rules(uow).get(record_type, {})


def _get(known: Mapping[str, Rule], key: str) -> Rule:
    if key not in known:
        raise NotFound("There is no such rule.")
    return known[key]


def _row(uow: UnitOfWork, record_type: str, key: str) -> DuplicateRule | None:
    return uow.session.scalars(
        select(DuplicateRule).where(
            DuplicateRule.record_type == record_type, DuplicateRule.key == key
        )
    ).one_or_none()


def _remove(uow: UnitOfWork, record_type: str, key: str) -> None:
    lock_layout(uow)
    row = _row(uow, record_type, key)
    if row is None:
        raise NotFound("There is no such rule.")
    uow.session.delete(row)
    change_layout(uow)


def _in_order() -> Any:
    return select(DuplicateRule).order_by(DuplicateRule.position, DuplicateRule.id)


@on_reading
def _read(session: Session | None) -> None:
    stored: Sequence[DuplicateRule] = () if session is None else session.scalars(_in_order()).all()
    learn_rules(stored)
