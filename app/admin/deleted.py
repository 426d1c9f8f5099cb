"""The bin as administrators see it: what lies in it, for how long, and what went for good."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.kinds import KINDS
from app.records.titles import Title, find_titles
from app.views import view
from services.actors import Permission
from services.bin.contents import SHOWN, deleted_files, list_heaps
from services.bin.emptying import FILES, list_emptyings
from services.bin.settings import MOST_DAYS, find_settings, may_empty
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.records.types import find_record_type
from services.unit_of_work import UnitOfWork

_MANAGE = Permission.DATA_MANAGE
_DAYS = ("record_days", "file_days")


def add_routes(blueprint: Blueprint) -> None:
    """Add the page of the bin."""
    blueprint.add_url_rule("/bin", "bin", view(_MANAGE)(index))
    decided = view(_MANAGE, again=index)(set_days)
    blueprint.add_url_rule("/bin", "set_bin_days", decided, methods=["POST"])


def index(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show what lies in the bin, and for how long."""
    settings = find_settings(uow)
    files = deleted_files(uow)
    wanted: defaultdict[str, set[UUID]] = defaultdict(set)
    for file in files:
        wanted[file.record_type].add(file.record_id)
    titles: dict[UUID, Title] = {}
    for record_type, keys in wanted.items():
        titles |= find_titles(uow, record_type, keys)
    return render_template(
        "admin/bin.html",
        settings={name: getattr(settings, name) for name in _DAYS} | form_arguments(_DAYS),
        first_day=None if may_empty(uow, settings) else settings.not_before,
        heaps=list_heaps(uow),
        list_places={name: kind.place for name, kind in KINDS.items()},
        files=[(file, titles[file.record_id]) for file in files if file.record_id in titles],
        shown=SHOWN,
        emptyings=[(one.day, _told(one.counts)) for one in list_emptyings(uow)],
        most=MOST_DAYS,
        reason=reason_of(error) if error else "",
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def set_days(uow: UnitOfWork) -> ResponseReturnValue:
    """Say for how long the bin keeps what lies in it."""
    run(uow, "bin.set_days", form_arguments(_DAYS))
    flash("Saved.", "good")
    return redirect(url_for("admin.bin"))


def _told(counts: dict[str, int]) -> str:
    """Return in words what went for good on a day."""
    told = []
    for name, number in counts.items():
        found = find_record_type(name)
        if name == FILES:
            noun = "file" if number == 1 else "files"
        elif found is None:
            noun = name
        else:
            noun = (found.label if number == 1 else found.plural).lower()
        told.append(f"{number:,} {noun}")
    return ", ".join(told)
