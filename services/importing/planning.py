"""Choosing what goes where, and finding out what an import would do."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from services.actors import Permission
from services.arguments import Line, ZoneName
from services.errors import Invalid
from services.importing.first_lines import import_field
from services.importing.guessing import adjust_formats, remember_plan
from services.importing.imports import (
    WhichImport,
    check_quota,
    expect_stage,
    lock_import,
    told_of,
)
from services.importing.links import can_be_made
from services.importing.model import ImportStage
from services.importing.plan import DATE_ORDERS, DECIMALS, Plan, Policy, check_plan
from services.importing.steps import job_for
from services.importing.types import import_type
from services.operations import Arguments, operation
from services.records.schemas import argument_with_rules
from services.records.types import RecordType
from services.unit_of_work import UnitOfWork


class ColumnArguments(Arguments):
    """Where one column goes."""

    column = fields.Integer(required=True, metadata={"title": "Column", "description": "From 0."})
    field = Line(required=True, metadata={"title": "Field"})
    order = fields.String(load_default="", validate=validate.OneOf(list(DATE_ORDERS)))
    decimal = fields.String(load_default="", validate=validate.OneOf(list(DECIMALS)))
    create = fields.Boolean(load_default=False)
    by_key = fields.Boolean(load_default=False)


class CheckImport(WhichImport):
    """The plan by which rows become records."""

    columns = fields.List(fields.Nested(ColumnArguments), metadata={"title": "Columns"})
    policy = Line(
        validate=validate.OneOf([one.value for one in Policy]),
        metadata={"title": "What is done with rows whose record is there"},
    )
    match = fields.List(
        Line(),
        metadata={
            "title": "Found by",
            "description": "Fields, `id`, or `similar` for the rules by which doubles are found.",
        },
    )
    only_empty = fields.Boolean(metadata={"title": "Fill only what is empty"})
    start_processes = fields.Boolean(metadata={"title": "Processes may begin"})
    zone = ZoneName()
    values = fields.Dict(
        keys=Line(), metadata={"title": "For every new record", "description": "Field → value."}
    )


@operation("import.check", Permission.DATA_IMPORT, CheckImport)
def check_import(uow: UnitOfWork, *, import_id: UUID, **given: Any) -> dict[str, Any]:
    """Find out what an import would do, without doing it; what is left out stays as guessed."""
    one = lock_import(uow, import_id)
    expect_stage(one, ImportStage.MAPPING, ImportStage.CHECKED)
    record_type = import_type(one.record_type)
    columns = given.pop("columns", None)
    given["zone"] = given["zone"] or one.plan.get("zone", "")
    plan = Plan.of({**one.plan, **given})
    if columns is not None:
        plan = Plan.of({**one.plan, **given, "columns": columns})
    plan = check_plan(uow, record_type, plan, len(one.header))
    plan = adjust_formats(record_type, plan, one.samples)
    _check_values(record_type, plan)
    _check_makeable(record_type, plan)
    one.plan = plan.as_dict()
    remember_plan(uow, record_type, one.header, plan)
    one.stage, one.position, one.checked = ImportStage.CHECKING, 0, {}
    check_quota(uow, one)
    uow.defer(job_for(one, "check", uow.actor))
    return told_of(one)


def _check_values(record_type: RecordType, plan: Plan) -> None:
    faults: dict[str, list[str]] = {}
    for name, value in plan.values.items():
        one = import_field(record_type, name)
        with suppress(ValidationError):
            if one is not None:
                argument_with_rules(one).deserialize(value)
                continue
        faults[f"values.{name}"] = ["This value doesn't fit the field."]
    if faults:
        raise Invalid("Please check the marked fields.", faults)


def _check_makeable(record_type: RecordType, plan: Plan) -> None:
    for column in plan.columns:
        one = import_field(record_type, column.field)
        if column.create and not (one and one.relation and can_be_made(one.relation)):
            message = f"{one.label if one else column.field} can't be made by an import."
            raise Invalid(message, {"columns": [message]})
