"""Pipelines, their stages, and why deals are lost, as administrators change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import Editing, control_texts, editing
from app.forms import even_if_used, form_arguments, reason_of
from app.views import View, view
from services.actors import Permission
from services.crm.deal_model import DEAL
from services.crm.pipeline_changes import named_pipeline
from services.crm.pipeline_model import Category, Pipeline, Stage
from services.crm.pipelines import all_stages, list_lost_reasons, list_pipelines, list_stages
from services.crm.stages import count_deals, get_stage_row, named_stage
from services.custom.fields import list_fields
from services.custom.options import attribute_of
from services.errors import Invalid, LanewiseError, NotFound
from services.operations import run
from services.records.named import uses_of
from services.unit_of_work import UnitOfWork

CATEGORIES: Final = (
    (Category.OPEN.value, "Open: worked on"),
    (Category.ON_HOLD.value, "On hold: waits for a day"),
    (Category.WON.value, "Won"),
    (Category.LOST.value, "Lost"),
)
_STAGE_FIELDS: Final = (
    "name",
    "category",
    "probability",
    "rotting_days",
    "condition",
    "condition_message",
    "colour",
)
_STAGE_LISTS: Final = ("required_fields", "requirements")
_STEPS: Final = {"up": -1, "down": 1}


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of pipelines."""
    manage = Permission.PIPELINE_WRITE
    pages: tuple[tuple[str, str, View], ...] = (
        ("/pipelines", "pipelines", index),
        ("/pipelines/<uuid:key>", "pipeline", show),
        ("/pipelines/<uuid:key>/stages/new", "new_stage", show_new_stage),
        ("/pipelines/<uuid:key>/stages/<uuid:stage_id>", "stage", show_stage),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(manage)(function))
    stage = "/pipelines/<uuid:key>/stages/<uuid:stage_id>"
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/pipelines", "create_pipeline", create, _explain),
        ("/pipelines/<uuid:key>", "update_pipeline", update, _explain_pipeline),
        ("/pipelines/<uuid:key>/do/<verb>", "act_pipeline", act, _explain),
        ("/pipelines/<uuid:key>/stages/new", "create_stage", create_stage, show_new_stage),
        (stage, "update_stage", update_stage, show_stage),
        (f"{stage}/do/<verb>", "act_stage", act_stage, _explain_pipeline),
        ("/lost-reasons", "create_lost_reason", create_reason, _explain),
        ("/lost-reasons/<uuid:key>", "update_lost_reason", update_reason, _explain),
        ("/lost-reasons/<uuid:key>/delete", "delete_lost_reason", delete_reason, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the pipelines with their stages, and the reasons."""
    stages = [stage for stage in all_stages(uow) if stage.archived_at is None]
    pipelines = list_pipelines(uow, archived=True)
    return render_template(
        "admin/pipelines.html",
        pipelines=sorted(pipelines, key=lambda one: one.archived_at is not None),
        stages={
            one.id: [stage for stage in stages if stage.pipeline_id == one.id] for one in pipelines
        },
        copies=[
            ("", "Four first ones"),
            *((str(one.id), f"Those of {one.name}") for one in pipelines),
        ],
        reasons=list_lost_reasons(uow, inactive=True),
    )


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Make a pipeline and go to its page."""
    made: Pipeline = run(uow, "pipeline.create", form_arguments(["name", "copy_of"]))
    flash("The pipeline is there; see whether its stages are as you want them.", "good")
    return redirect(url_for("admin.pipeline", key=made.id))


def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show a pipeline with its stages."""
    pipeline = uow.get(Pipeline, key)
    stages = list_stages(uow, key)
    return render_template(
        "admin/pipeline.html",
        pipeline=pipeline,
        stages=[stage for stage in stages if stage.archived_at is None],
        archived=[stage for stage in stages if stage.archived_at is not None],
        counts=count_deals(uow, key),
        means=dict(CATEGORIES),
        asked={stage.key: _asked(stage) for stage in stages},
        uses=[] if pipeline.is_default else uses_of(uow, named_pipeline(uow, pipeline)),
    )


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Rename a pipeline."""
    run(uow, "pipeline.update", {"pipeline_id": str(key), **form_arguments(["name", "version"])})
    flash("Saved.", "good")
    return _to_pipeline(key)


def act(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Make a pipeline the default one, take it out of use or back, or move it in the order.

    Raises:
        NotFound: That can't be done with pipelines.
    """
    if verb in _STEPS:
        keys = _moved([one.id for one in list_pipelines(uow)], key, _STEPS[verb])
        run(uow, "pipeline.reorder", {"pipeline_ids": [str(one) for one in keys]})
        return redirect(url_for("admin.pipelines"))
    if verb not in {"make_default", "archive", "restore"}:
        raise NotFound("There is no such action.")
    run(uow, f"pipeline.{verb}", {"pipeline_id": str(key), **even_if_used()})
    flash("Done.", "good")
    return _to_pipeline(key)


def show_new_stage(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Show the form for a new stage."""
    blank = {"category": Category.OPEN.value, "probability": 50}
    values = _given() if request.method == "POST" else blank
    return _stage_form(uow, key, None, values, error)


def create_stage(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Make the stage."""
    run(uow, "stage.create", {**_given(), **form_arguments(["key"]), "pipeline_id": str(key)})
    flash("The stage is there.", "good")
    return _to_pipeline(key)


def show_stage(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID, stage_id: UUID
) -> ResponseReturnValue:
    """Show the form of a stage."""
    stage = get_stage_row(uow, key, stage_id)
    names = (*_STAGE_FIELDS, *_STAGE_LISTS)
    stored = control_texts({name: getattr(stage, name) for name in names}, names)
    given = control_texts(_given(), names) if request.method == "POST" else None
    edited = editing(stage.version, stored, given, error, {"required_fields"})
    lists = {name: edited.values[name].splitlines() for name in _STAGE_LISTS}
    for name, words in _stage_words(stage).items():
        if name in edited.notes:
            edited.notes[name] = f"Saved now: {words}"
    return _stage_form(uow, key, stage, {**edited.values, **lists}, error, edited=edited)


def update_stage(uow: UnitOfWork, *, key: UUID, stage_id: UUID) -> ResponseReturnValue:
    """Change the stage."""
    version = request.form.get("version")
    run(uow, "stage.update", {**_given(), "stage_id": str(stage_id), "version": version})
    flash("Saved.", "good")
    return _to_pipeline(key)


def act_stage(uow: UnitOfWork, *, key: UUID, stage_id: UUID, verb: str) -> ResponseReturnValue:
    """Move a stage in the order, take it out of use or back, or delete it.

    Raises:
        NotFound: That can't be done with stages.
    """
    stage = get_stage_row(uow, key, stage_id)
    if verb in _STEPS:
        order = [one.key for one in list_stages(uow, key) if one.archived_at is None]
        moved = _moved(order, stage.key, _STEPS[verb])
        run(uow, "stage.reorder", {"pipeline_id": str(key), "stages": moved})
        return _to_pipeline(key)
    if verb not in {"archive", "restore", "delete"}:
        raise NotFound("There is no such action.")
    move_to = form_arguments(["move_to"]) if verb == "delete" else {}
    run(uow, f"stage.{verb}", {"stage_id": str(stage_id), **move_to, **even_if_used()})
    flash("Done.", "good")
    return _to_pipeline(key)


def create_reason(uow: UnitOfWork) -> ResponseReturnValue:
    """Add a reason for which deals are lost."""
    run(uow, "lost_reason.create", _reason())
    return redirect(url_for("admin.pipelines"))


def update_reason(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change a reason."""
    given = _reason() | {"active": "active" in request.form}
    run(uow, "lost_reason.update", {"lost_reason_id": str(key), **given})
    return redirect(url_for("admin.pipelines"))


def delete_reason(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Delete a reason."""
    run(uow, "lost_reason.delete", {"lost_reason_id": str(key)})
    return redirect(url_for("admin.pipelines"))


def _stage_form(
    uow: UnitOfWork,
    key: UUID,
    stage: Stage | None,
    values: Mapping[str, Any],
    error: LanewiseError | None,
    *,
    edited: Editing | None = None,
) -> ResponseReturnValue:
    others = [one for one in list_stages(uow, key) if stage is not None and one.id != stage.id]
    return render_template(
        "admin/stage.html",
        pipeline=uow.get(Pipeline, key),
        stage=stage,
        values=values,
        edited=edited,
        categories=CATEGORIES,
        fields=[field for field in DEAL.fields if field.writable and field.kind != "boolean"],
        retired=_retired_fields(uow, stage) if stage else {},
        alike=[
            (one.key, one.name)
            for one in others
            if stage and one.category == stage.category and one.archived_at is None
        ],
        count=count_deals(uow, key).get(stage.key, 0) if stage else 0,
        uses=uses_of(uow, [named_stage(stage)]) if stage else [],
        error=error,
        errors=_errors(error),
    )


def _retired_fields(uow: UnitOfWork, stage: Stage) -> dict[str, str]:
    """Return the labels of retired fields that a stage asks for again once they are restored."""
    added = [one for one in list_fields(uow, "deal") if one.retired_at is not None]
    labels = {attribute_of(one): one.label for one in added}
    return {name: labels[name] for name in stage.required_fields if name in labels}


def _asked(stage: Stage) -> list[str]:
    """Return what a stage asks for, in short."""
    condition = ["a condition"] if stage.condition else []
    return [*_required_labels(stage), *stage.requirements, *condition]


def _required_labels(stage: Stage) -> list[str]:
    fields = [DEAL.field(name) for name in stage.required_fields]
    return [field.label for field in fields if field is not None]


def _stage_words(stage: Stage) -> dict[str, str]:
    """Return how people read what controls hold as keys or lists."""
    return {
        "category": dict(CATEGORIES)[stage.category],
        "requirements": "; ".join(stage.requirements) or "nothing",
    }


def _errors(error: LanewiseError | None) -> dict[str, list[str]]:
    """Return messages by field; those about one entry of a list stand at the list."""
    found: dict[str, list[str]] = {}
    for name, messages in (error.fields if isinstance(error, Invalid) else {}).items():
        found.setdefault(name.partition(".")[0], []).extend(messages)
    return found


def _given() -> dict[str, Any]:
    """Return what the form of a stage sent."""
    lines = request.form.get("requirements", "").splitlines()
    return {
        **form_arguments(_STAGE_FIELDS),
        "required_fields": request.form.getlist("required_fields"),
        "requirements": [line.strip() for line in lines if line.strip()],
    }


def _reason() -> dict[str, Any]:
    return {**form_arguments(["name"]), "needs_details": "needs_details" in request.form}


def _moved(order: Sequence[Any], one: Any, step: int) -> list[Any]:
    """Return ``order`` with ``one`` a place further up or down."""
    found = list(order)
    if one in found:
        place = found.index(one)
        found.insert(max(0, min(len(found) - 1, place + step)), found.pop(place))
    return found


def _to_pipeline(key: UUID) -> ResponseReturnValue:
    return redirect(url_for("admin.pipeline", key=key))


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.pipelines"))


def _explain_pipeline(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_arguments: Any
) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return _to_pipeline(key)
