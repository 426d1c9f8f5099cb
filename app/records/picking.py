"""Finding what a field is linked to: records, people and groups, by what is typed."""

from __future__ import annotations

from typing import Any, Final

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.records.filter_form import chosen_of
from app.records.staff import MATCHES, SOUGHT, Offer, offer_staff
from services.records.folding import fold
from services.records.lists import list_records
from services.records.types import find_relation, get_record_type, title_of
from services.unit_of_work import UnitOfWork

_CONTROLS: Final = frozenset({"radio", "checkbox"})


def pick(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Offer the records whose title matches, for a control of a form.

    A form that says how its control ``keeps`` sends what was chosen before; that stays on top.
    """
    name, control = request.args.get("name", ""), request.args.get("keeps", "")
    kept = []
    if control in _CONTROLS:
        kept = chosen_of(uow, record_type, request.args.getlist(name)[:MATCHES])
    offers, empty = _offers(uow, record_type, request.args.get("pick", ""))
    held = {key for key, _ in kept}
    return render_template(
        "records/offers.html",
        name=name,
        control=control if control in _CONTROLS else "radio",
        kept=kept,
        offers=[one for one in offers if str(one[0]) not in held],
        empty=empty,
    )


def _offers(uow: UnitOfWork, record_type: str, text: str) -> tuple[list[Any], str]:
    """Return what ``text`` finds, each with its key and name, and what is said if it is nothing."""
    if record_type in SOUGHT:
        found: list[Offer] = offer_staff(uow, record_type, text, request.args.get("without", ""))
        return found, "Nobody is called that."
    relation = find_relation(record_type)
    if relation is not None and relation.offers is not None:
        wanted = fold(text)
        few = [one for one in relation.offers(uow) if wanted in fold(one[1])]
        return few[:MATCHES], f"No {relation.name.replace('_', ' ')} matches."
    page = list_records(uow, record_type, search=text or None, limit=MATCHES, counts=False)
    empty = f"No {get_record_type(record_type).label.lower()} matches."
    return [(record.id, title_of(record)) for record in page.items], empty
