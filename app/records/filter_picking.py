"""The form of a filter that belongs to something else: a territory's rule, what a goal counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.records.filter_form import (
    FilterForm,
    change_form,
    equip,
    field_options,
    form_of,
    read_form,
)
from app.records.kinds import KINDS
from app.records.list_state import text_of
from services.filtering import parse_filter, parse_filter_text
from services.filtering.periods import SUGGESTED
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FilterPlace:
    """Where a filter is set.

    Attributes:
        record_type: Of the records that it is about.
        url: Shows the form by GET and takes the filter by POST.
        heading: Of the page; ``crumbs`` are the places above it.
        hint: What an empty filter means.
        nav: The place in the side bar.
        version: Of what it belongs to.
    """

    record_type: str
    url: str
    heading: str
    crumbs: Sequence[tuple[str, str]]
    hint: str
    nav: str
    version: int


def show_filter(
    uow: UnitOfWork, place: FilterPlace, raw: Mapping[str, Any], error: str = ""
) -> ResponseReturnValue:
    """Show the form with the filter ``raw``, or with what was chosen in the form just now."""
    kind = KINDS[place.record_type]
    arguments = request.form if request.method == "POST" else request.args
    if arguments.get("use") == "text":
        form = FilterForm(text=arguments.get("text", ""))
    elif "match" in arguments:
        form = read_form(arguments)
    else:
        form = form_of(raw) or FilterForm(text=text_of(raw))
    if form.text is None:
        change_form(form, request.args)
    equip(uow, kind.type, form)
    alone = request.headers.get("HX-Request") == "true"
    return render_template(
        "records/filter_form.html" if alone else "records/filter_set.html",
        kind=kind,
        form=form,
        options=field_options(uow, kind.type),
        back="",
        error=error,
        days=SUGGESTED,
        filter_place=place,
        save_url=place.url,
    )


def sent_filter(record_type: str) -> Mapping[str, Any]:
    """Return the filter that the form sent.

    Raises:
        Invalid: It can't be read.
    """
    kind = KINDS[record_type]
    if request.form.get("use") == "text":
        return parse_filter_text(kind.type, request.form.get("text")).raw
    return parse_filter(kind.type, read_form(request.form).raw(kind.type)).raw
