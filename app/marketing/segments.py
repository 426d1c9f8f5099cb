"""What is done with segments: from lists, from their own pages, and beside their members."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.kind import RecordKind
from app.records.kinds import KINDS
from app.records.list_state import ListState, text_of
from app.wire import to_json
from services.actors import Verb
from services.errors import Invalid, LanewiseError, NotFound
from services.filtering import parse_filter_text
from services.marketing.campaign_model import MEMBER_TYPES
from services.marketing.customer_values import last_measurement
from services.marketing.member_pages import campaigns_of_record
from services.marketing.membership import segments_of
from services.marketing.segment_model import SEGMENT_TYPES, Segment, SegmentKind
from services.marketing.value_tables import find_value, sees_amounts
from services.operations import run
from services.records.types import get_record
from services.unit_of_work import UnitOfWork

_SEPARATORS: Final = re.compile(r"[,;\n\t]+")
_MOST_BYTES: Final = 1_000_000
_DONE: Final = {
    "stop_fill": "It is stopped. Who is in stays in.",
    "resume_fill": "It goes on.",
}


@dataclass(frozen=True, slots=True)
class SegmentTools:
    """What a list can do with segments.

    Attributes:
        where: All that the list is narrowed by, as a filter's text.
        changing: The segment whose filter the list is looked at for; None for none.
    """

    where: str
    changing: Segment | None


def segment_tools(kind: RecordKind, state: ListState) -> SegmentTools | None:
    """Return what this list can do with segments; None if it is of other records."""
    if kind.record_type not in SEGMENT_TYPES:
        return None
    parts = [] if state.whole(kind).is_empty else [state.whole(kind).raw]
    if words := request.args.get("q", "").strip():
        parts.append({"q": words})
    where = parts[0] if len(parts) == 1 else {"and": parts} if parts else {}
    return SegmentTools(to_json(where).decode() if where else "", _changing(g.uow, kind))


def belongs(record_type: str, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the segments and campaigns that a record is in, as a card of its page."""
    record = get_record(uow, record_type, key)
    return render_template(
        "marketing/belongs.html",
        segments=segments_of(uow, record),
        campaigns=campaigns_of_record(uow, record) if record_type in MEMBER_TYPES else [],
        value=find_value(uow, record) if record_type == "account" else None,
        currency=last.currency if (last := last_measurement(uow)) else "",
        with_amounts=sees_amounts(uow),
    )


def keep(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Make a segment of what a list shows: a live one, or a list of those it shows now."""
    kind = _kind(record_type)
    where = dict(parse_filter_text(kind.type, request.form.get("filter")).raw)
    given = form_arguments(("name", "kind"))
    is_live = given.get("kind") != SegmentKind.STATIC
    segment = run(
        uow,
        "segment.create",
        {
            "name": given.get("name", ""),
            "of_type": record_type,
            "kind": SegmentKind.LIVE.value if is_live else SegmentKind.STATIC.value,
            **({"where": where} if is_live else {}),
            **own_record(uow),
        },
    )
    if not is_live:
        run(uow, "segment.add_matching", {"segment_id": str(segment.id), "where": where})
    flash(f"The segment “{segment.name}” is made.", "good")
    return redirect(url_for("segments.show", key=segment.id))


def explain_keeping(
    _uow: UnitOfWork, error: LanewiseError, *, record_type: str
) -> ResponseReturnValue:
    """Say above the list why no segment was made of it."""
    flash(reason_of(error), "bad")
    where = request.form.get("filter", "")
    return redirect(url_for(f"{_kind(record_type).place}.index", filter=where))


def set_filter(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take what a list is narrowed by for the filter of a segment."""
    segment = uow.get(Segment, key)
    kind = _kind(segment.of_type)
    where = dict(parse_filter_text(kind.type, request.form.get("filter")).raw)
    run(uow, "segment.update", {"segment_id": str(key), "where": where})
    flash("The filter is saved.", "good")
    return redirect(url_for("segments.show", key=key))


def act(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Do what a segment's page offers.

    Raises:
        NotFound: It offers no such thing.
    """
    about = {"segment_id": str(key)}
    if verb == "snapshot":
        copy = run(uow, "segment.snapshot", {**about, **form_arguments(["name"])})
        flash("This is who was in at this moment.", "good")
        return redirect(url_for("segments.show", key=copy.id))
    if verb == "add_by_values":
        _add_by_values(uow, about)
    elif verb == "remove":
        keys = request.form.getlist("record_ids")
        run(uow, "segment.remove_members", {**about, "record_ids": keys})
        flash("Taken off the list.", "good")
    elif verb in _DONE:
        run(uow, f"segment.{verb}", about)
        flash(_DONE[verb], "good")
    else:
        raise NotFound("There is no such action.")
    return redirect(url_for("segments.show", key=key))


def explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_others: str
) -> ResponseReturnValue:
    """Say on the segment's page why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for("segments.show", key=key))


def own_record(uow: UnitOfWork) -> dict[str, str]:
    """Return whose a new record is: that of whoever makes it, and of its first group."""
    found = {}
    if uow.actor.user_id is not None:
        found["owner_id"] = str(uow.actor.user_id)
    if uow.actor.group_ids:
        found["team_id"] = str(min(uow.actor.group_ids))
    return found


def list_url(kind: RecordKind, where: Any, **more: Any) -> str:
    """Return the address of a list that a filter narrows."""
    return url_for(f"{kind.place}.index", filter=text_of(where), **more)


def _add_by_values(uow: UnitOfWork, about: dict[str, str]) -> None:
    text = request.form.get("values", "")
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        raw = sent.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise Invalid("This file is too long; import it as contacts instead.")
        text = f"{text}\n{raw.decode('utf-8-sig', 'replace')}"
    values = [part.strip(' "') for part in _SEPARATORS.split(text) if part.strip(' "\r')]
    by = request.form.get("by", "email")
    if by == "email":
        values = [value for value in values if "@" in value]
    found = run(uow, "segment.add_by_values", {**about, "by": by, "values": values})
    flash(f"{found['found']:,} found, {found['added']:,} of them new on the list.", "good")
    if found["missing_count"]:
        some = ", ".join(found["missing"][:10])
        more = " …" if found["missing_count"] > 10 else ""  # noqa: PLR2004
        flash(f"Nobody has {found['missing_count']:,} of them: {some}{more}", "warn")


def _changing(uow: UnitOfWork, kind: RecordKind) -> Segment | None:
    key = request.args.get("segment", type=UUID)
    segment = uow.find(Segment, key) if key else None
    is_fit = segment is not None and segment.of_type == kind.record_type and segment.is_live
    return segment if is_fit and uow.may_do(Verb.UPDATE, segment) else None


def _kind(record_type: str) -> RecordKind:
    if record_type not in SEGMENT_TYPES:
        raise NotFound("There is no such list.")
    return KINDS[record_type]
