"""What customers are worth: the heat table, ABC classes, and segments made of them."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.marketing.segments import list_url, own_record
from app.records.kinds import KINDS
from services.errors import LanewiseError, NotFound
from services.marketing.customer_values import FIFTHS, last_measurement
from services.marketing.value_model import CLASSES, SOURCES
from services.marketing.value_tables import (
    GROUPS,
    cell_filter,
    class_sums,
    group_sums,
    heat_table,
    sees_amounts,
)
from services.operations import run
from services.unit_of_work import UnitOfWork


def show(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show how customers spread over recency and frequency, and over classes."""
    cells = heat_table(uow)
    accounts = KINDS["account"]
    spans = range(1, FIFTHS + 1)
    with_amounts = sees_amounts(uow)
    return render_template(
        "marketing/values.html",
        cells=cells,
        spans=spans,
        urls={(r, f): list_url(accounts, cell_filter(r, f)) for r in spans for f in spans},
        groups=[
            (group, sums, list_url(accounts, group.where))
            for group in GROUPS
            for sums in [group_sums(cells)[group.key]]
        ],
        classes=[
            (name, sums, list_url(accounts, {"field": "abc_class", "op": "eq", "value": name}))
            for name, sums in (class_sums(uow).items() if with_amounts else ())
        ],
        last=last_measurement(uow),
        sources=list(SOURCES.items()),
        with_amounts=with_amounts,
        reason=reason_of(error) if error else "",
    )


def measure(uow: UnitOfWork) -> ResponseReturnValue:
    """Measure anew."""
    done = run(uow, "customer_value.measure", form_arguments(("source", "months")))
    flash(f"{done.customers:,} customers are measured.", "good")
    return redirect(url_for("marketing.values"))


def keep_group(uow: UnitOfWork, *, group: str) -> ResponseReturnValue:
    """Make a segment of a ready-made group, or of a class.

    Raises:
        NotFound: There is no such group.
    """
    found = {one.key: (one.name, dict(one.where)) for one in GROUPS}
    for name in CLASSES:
        where = {"field": "abc_class", "op": "eq", "value": name}
        found[f"class_{name}"] = (f"Class {name} customers", where)
    if group not in found:
        raise NotFound("There is no such group.")
    name, where = found[group]
    values = {"name": name, "of_type": "account", "where": where, **own_record(uow)}
    segment = run(uow, "segment.create", values)
    flash(f"The segment “{name}” is made.", "good")
    return redirect(url_for("segments.show", key=segment.id))


def explain(_uow: UnitOfWork, error: LanewiseError, *, group: str) -> ResponseReturnValue:
    """Say why no segment was made of ``group``."""
    flash(f"{group.capitalize()}: {reason_of(error)}", "bad")
    return redirect(url_for("marketing.values"))
