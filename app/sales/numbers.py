"""The page of number series: how papers are numbered, and which number comes next."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.days import today
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.sales.number_patterns import MAX_DIGITS, NumberPattern, parse_pattern
from services.sales.numbering import ShownSeries, show_series
from services.unit_of_work import UnitOfWork


def show(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show all series; what was typed for one of them stays after an error."""
    return render_template(
        "sales/numbers.html",
        series=show_series(uow, today(uow)),
        typed=request.form if request.method == "POST" else {},
        max_digits=MAX_DIGITS,
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def update(uow: UnitOfWork) -> ResponseReturnValue:
    """Set how the numbers of a series look."""
    given: dict[str, Any] = {
        "name": request.form.get("name", ""),
        "pattern": _typed_pattern(request.form).text,
        "yearly": request.form.get("year") == "yearly",
        "version": request.form.get("version"),
    }
    shown = _find(uow, given["name"])
    following = request.form.get("next_number", "").strip()
    if following and (shown is None or following != str(shown.last + 1)):
        given["next_number"] = following
    run(uow, "numbering.set_pattern", given)
    flash("Saved. Numbers that were given stay as they are.", "good")
    return redirect(url_for("sales.numbers"))


def preview(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the next number as it would be with what is typed."""
    pattern = _typed_pattern(request.args)
    number = request.args.get("next_number", default=1, type=int)
    try:
        parse_pattern(pattern.text)
    except ValueError:
        return "The texts are too long, or have braces in them."
    text = pattern.format(max(1, min(number, 2**31)), today(uow))
    return render_template("sales/preview.html", text=text)


def _typed_pattern(form: Any) -> NumberPattern:
    digits = form.get("digits", default=1, type=int)
    return NumberPattern(
        prefix=form.get("prefix", ""),
        has_year=form.get("year", "none") != "none",
        between=form.get("between", ""),
        digits=max(1, min(digits, MAX_DIGITS)),
        suffix=form.get("suffix", ""),
    )


def _find(uow: UnitOfWork, name: str) -> ShownSeries | None:
    return next((one for one in show_series(uow, today(uow)) if one.name == name), None)
