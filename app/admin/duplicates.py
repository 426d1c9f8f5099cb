"""Rules of doubles: which records are the same, tried out before they are in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.kinds import KINDS
from app.views import View, view
from services.actors import Permission
from services.duplicates.administration import (
    MAX_CONDITIONS,
    get_rule,
    is_changed,
    list_rules,
)
from services.duplicates.anchors import can_be_double, comparable_fields
from services.duplicates.checking import check_rule, slow_fields
from services.duplicates.rules import METHODS, ON_SAVE, SHIPPED, SIMILAR, Condition, Method, Rule
from services.duplicates.trying import Trial, try_rule
from services.errors import Invalid, LanewiseError, NotFound
from services.operations import get_operation, run
from services.records.types import RecordType, all_record_types, find_record_type
from services.unit_of_work import UnitOfWork

_TRUTHS: Final = ("is_on", "typing", "importing", "scanning", "tells_unseen")
_BLANK: Final = Rule("", "", "", ())
_LEAST_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule in the list.

    Attributes:
        says: Its conditions, in words.
        uses: When it is asked.
    """

    rule: Rule
    says: list[str]
    uses: list[str]
    is_shipped: bool
    is_changed: bool


def add_routes(blueprint: Blueprint) -> None:
    """Add the pages of rules of doubles."""
    manage, place = Permission.DATA_MANAGE, "/duplicates/<record_type>"
    pages: tuple[tuple[str, str, View], ...] = (
        ("/duplicates", "duplicates", index),
        (f"{place}/new", "new_duplicate_rule", show_new),
        (f"{place}/rules/<key>", "duplicate_rule", show),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(manage)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        (f"{place}/new", "create_duplicate_rule", create, show_new),
        (f"{place}/try", "try_duplicate_rule", attempt, show_new),
        (f"{place}/rules/<key>", "update_duplicate_rule", update, show),
        (f"{place}/rules/<key>/try", "try_changed_duplicate_rule", attempt, show),
        (f"{place}/rules/<key>/delete", "delete_duplicate_rule", delete, _explain),
        (f"{place}/rules/<key>/restore", "restore_duplicate_rule", restore, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the rules of each record type."""
    stored = list_rules(uow)
    types = [
        (found, KINDS.get(found.name), [_shown(found, one) for one in stored[found.name].values()])
        if found.name in stored
        else (found, KINDS.get(found.name), [])
        for found in all_record_types()
        if can_be_double(found)
    ]
    return render_template("admin/duplicates.html", types=types)


def show_new(
    uow: UnitOfWork, error: LanewiseError | None = None, *, record_type: str
) -> ResponseReturnValue:
    """Show the form for a new rule."""
    return _form(uow, _type(record_type), None, error)


def create(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Write the rule."""
    run(uow, "duplicate_rule.create", {"record_type": record_type, **_given()})
    flash("The rule is in force from now on.", "good")
    return redirect(url_for("admin.duplicates"))


def show(
    uow: UnitOfWork, error: LanewiseError | None = None, *, record_type: str, key: str
) -> ResponseReturnValue:
    """Show the form of a rule."""
    return _form(uow, _type(record_type), get_rule(uow, record_type, key), error)


def update(uow: UnitOfWork, *, record_type: str, key: str) -> ResponseReturnValue:
    """Change the rule."""
    run(uow, "duplicate_rule.update", {"record_type": record_type, "key": key, **_given()})
    flash("Saved.", "good")
    return redirect(url_for("admin.duplicates"))


def attempt(uow: UnitOfWork, *, record_type: str, key: str | None = None) -> ResponseReturnValue:
    """Show what the rule of the form finds; nothing is kept."""
    found = _type(record_type)
    loaded = get_operation("duplicate_rule.create").load({"record_type": record_type, **_given()})
    conditions = tuple(Condition(**one) for one in loaded.pop("conditions"))
    tried = Rule(key=key or "", conditions=conditions, **loaded)
    check_rule(tried)
    rule = None if key is None else get_rule(uow, record_type, key)
    return _form(uow, found, rule, None, try_rule(uow, tried))


def delete(uow: UnitOfWork, *, record_type: str, key: str) -> ResponseReturnValue:
    """Delete the rule."""
    run(uow, "duplicate_rule.delete", {"record_type": record_type, "key": key})
    flash("The rule is deleted.", "good")
    return redirect(url_for("admin.duplicates"))


def restore(uow: UnitOfWork, *, record_type: str, key: str) -> ResponseReturnValue:
    """Let the rule say what it said at first."""
    run(uow, "duplicate_rule.restore", {"record_type": record_type, "key": key})
    flash("The rule is as it was shipped.", "good")
    return redirect(url_for("admin.duplicates"))


def _form(
    uow: UnitOfWork,
    found: RecordType,
    rule: Rule | None,
    error: LanewiseError | None,
    trial: Trial | None = None,
) -> ResponseReturnValue:
    del uow  # the rule and the trial were read by the caller
    shown = rule or _BLANK
    sent = request.method == "POST"
    values = _given() if sent else {**shown.as_dict(), "name": shown.name}
    conditions = _rows(values["conditions"])
    return render_template(
        "admin/duplicate_rule.html",
        type=found,
        kind=KINDS.get(found.name),
        rule=rule,
        values=values,
        conditions=conditions,
        fields=[("", "—"), *((one.name, one.label) for one in comparable_fields(found))],
        methods=list(METHODS.items()),
        on_save=list(ON_SAVE.items()),
        is_shipped=rule is not None and rule.key in SHIPPED.get(found.name, {}),
        is_changed=rule is not None and is_changed(rule),
        slow=slow_fields(rule) if rule else [],
        trial=trial,
        error=error,
        errors=_by_part(error),
    )


def _rows(conditions: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows of the form: those filled in, and blank ones."""
    blank = {"field": "", "method": Method.SAME.value, "at_least": SIMILAR, "weight": 1}
    wanted = min(MAX_CONDITIONS, max(_LEAST_ROWS, len(conditions) + 1))
    return [*conditions, *[blank] * (wanted - len(conditions))]


def _given() -> dict[str, Any]:
    """Return what the form sent."""
    return {
        **form_arguments(("name", "needed", "on_save")),
        "conditions": list(_given_conditions()),
        **{name: name in request.form for name in _TRUTHS},
    }


def _given_conditions() -> Iterator[dict[str, str]]:
    for place in range(MAX_CONDITIONS):
        sent = form_arguments(f"{name}-{place}" for name in Condition.__slots__)
        one = {name.partition("-")[0]: value for name, value in sent.items() if value}
        if one.get("field"):
            yield one


def _by_part(error: LanewiseError | None) -> dict[str, list[str]]:
    """Return the messages by the part of the form; those of single conditions together."""
    found: dict[str, list[str]] = {}
    for name, messages in error.fields.items() if isinstance(error, Invalid) else ():
        found.setdefault(name.partition(".")[0], []).extend(messages)
    return found


def _type(name: str) -> RecordType:
    found = find_record_type(name)
    if found is None or not can_be_double(found):
        raise NotFound("There are no rules for this.")
    return found


def _shown(found: RecordType, rule: Rule) -> ShownRule:
    labels = {field.name: field.label for field in found.fields}
    says = [
        f"{labels.get(one.field, one.field)} {METHODS[one.method]}"
        + (f" from {one.at_least} %" if one.method == Method.SIMILAR else "")
        + (f", {one.weight} points" if rule.needed and one.is_counted else "")
        for one in rule.conditions
    ]
    if rule.needed:
        says.append(f"{rule.needed} points needed")
    uses = {"Typing": rule.typing, "Imports": rule.importing, "Scans": rule.scanning}
    named = [name for name, is_used in uses.items() if is_used]
    saves = {"ask": "Asks on save", "block": "Blocks saving"}
    if rule.on_save in saves:
        named.insert(1 if rule.typing else 0, saves[rule.on_save])
    return ShownRule(rule, says, named, rule.key in SHIPPED.get(found.name, {}), is_changed(rule))


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.duplicates"))
