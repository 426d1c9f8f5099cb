"""Taking instances over to another version: choosing, trying, watching, undoing."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.views import view
from processes.deploying.deployments import VersionItem, list_versions, process_key_of
from processes.migration.choices import mapping_rows
from processes.migration.views import get_run, list_runs
from services.actors import Permission
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.unit_of_work import UnitOfWork

_MAPPED: Final = "map:"
_DONE: Final = {
    "stop": "The run is stopped; what it took over stays.",
    "resume": "The run goes on.",
    "undo": "The instances are taken back.",
}


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of migrations."""
    operate = Permission.INSTANCE_OPERATE
    for rule, name, function in (
        ("/migrations", "migrations", index),
        ("/migrations/new", "new_migration", choose),
        ("/migrations/<uuid:key>", "migration", show),
    ):
        blueprint.add_url_rule(rule, name, view(operate)(function))
    blueprint.add_url_rule(
        "/migrations/try",
        "try_migration",
        view(operate, again=_choose_again)(dry_run),
        methods=["POST"],
    )
    blueprint.add_url_rule(
        "/migrations", "migrate", view(operate, again=_choose_again)(start), methods=["POST"]
    )
    blueprint.add_url_rule(
        "/migrations/<uuid:key>/<verb>",
        "change_migration",
        view(operate, again=_explain)(change),
        methods=["POST"],
    )


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List migration runs, newest first."""
    return render_template("admin/migrations.html", runs=list_runs(uow))


def choose(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Choose the target version and what takes the place of what: the first step."""
    source, versions = _source(uow)
    others = [one for one in versions if one.id != source.id]
    target = _target(others)
    given = _mapping()
    rows = mapping_rows(uow, source.id, target.id) if target else []
    return render_template(
        "admin/migration_choose.html",
        source=source,
        target=target,
        others=others,
        rows=rows,
        given=given,
        instance=request.values.get("instance", ""),
        error=error,
    )


def dry_run(uow: UnitOfWork) -> ResponseReturnValue:
    """Show what would become of each instance: the second step."""
    source, versions = _source(uow)
    target = _target([one for one in versions if one.id != source.id])
    if target is None:
        raise NotFound("There is no other version.")
    arguments = _arguments(source, target)
    found = run(uow, "instance.plan_migration", arguments)
    mapping = _mapping()
    instance = request.form.get("instance", "")
    place: dict[str, Any] = {f"{_MAPPED}{old}": new for old, new in mapping.items()}
    place |= {"version": source.id, "target": target.id, "instance": instance}
    return render_template(
        "admin/migration_try.html",
        source=source,
        target=target,
        plan=found,
        blocked=[one for one in found["instances"] if not one["ok"]],
        mapping=mapping,
        instance=instance,
        back=url_for("admin.new_migration", **place),
    )


def start(uow: UnitOfWork) -> ResponseReturnValue:
    """Begin the run: the third step."""
    source, versions = _source(uow)
    target = _target([one for one in versions if one.id != source.id])
    if target is None:
        raise NotFound("There is no other version.")
    arguments = {**_arguments(source, target), "reason": request.form.get("reason", "")}
    result = run(uow, "instance.migrate", arguments)
    return redirect(url_for("admin.migration", key=result["run_id"]))


def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show how far a run is and what it did not take over."""
    return render_template("admin/migration.html", run=get_run(uow, key))


def change(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Stop, resume or undo a run.

    Raises:
        NotFound: There is no such verb.
    """
    if verb not in _DONE:
        raise NotFound("There is no such action.")
    arguments = {"run_id": str(key), "reason": request.form.get("reason", "")}
    result = run(uow, f"migration.{verb}", arguments)
    flash(_DONE[verb], "good")
    return redirect(url_for("admin.migration", key=result["run_id"]))


def _explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_verb: str
) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.migration", key=key))


def _choose_again(uow: UnitOfWork, error: LanewiseError) -> ResponseReturnValue:
    return choose(uow, error)


def _source(uow: UnitOfWork) -> tuple[VersionItem, list[VersionItem]]:
    """Return the version whose instances are meant, and all of its process.

    Raises:
        NotFound: There is no such version.
    """
    key = request.values.get("version", type=UUID)
    if key is None:
        raise NotFound("There is no such version.")
    versions = list_versions(uow, process_key_of(uow, key))
    return next(one for one in versions if one.id == key), versions


def _target(others: list[VersionItem]) -> VersionItem | None:
    """Return the version that was chosen; else the one in force, else the newest."""
    asked = request.values.get("target", "")
    by_id = {str(one.id): one for one in others}
    current = next((one for one in others if one.is_current), None)
    return by_id.get(asked) or current or (others[0] if others else None)


def _mapping() -> dict[str, str]:
    """Return what was chosen to take the place of what."""
    return {
        name.removeprefix(_MAPPED): value
        for name, value in request.values.items()
        if name.startswith(_MAPPED) and value
    }


def _arguments(source: VersionItem, target: VersionItem) -> dict[str, Any]:
    instance = request.form.get("instance")
    mapping = {old: new for old, new in _mapping().items() if old != new}
    return {
        "version_id": str(source.id),
        "target_version_id": str(target.id),
        "mapping": mapping,
        "instance_ids": [instance] if instance else None,
    }
