"""Choosing records of a list by ticks, to put them on a fixed list or into a campaign."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.kinds import KINDS
from app.records.lists import count_text, list_columns
from app.records.titles import Titles
from services.actors import Verb
from services.errors import Invalid, LanewiseError, NotFound
from services.filtering import parse_filter_text
from services.marketing.campaign_model import MEMBER_TYPES, Campaign, CampaignStatus
from services.marketing.segment_model import SEGMENT_TYPES, Segment, SegmentKind
from services.operations import run
from services.records.lists import list_records
from services.unit_of_work import UnitOfWork

_PAGE: Final = 100
_OFFERED: Final = 200


def choose(
    uow: UnitOfWork, error: LanewiseError | None = None, *, record_type: str
) -> ResponseReturnValue:
    """Show a list with a box before each record, and where the ticked ones can go."""
    if record_type not in SEGMENT_TYPES:
        raise NotFound("There is no such list.")
    kind = KINDS[record_type]
    where = parse_filter_text(kind.type, request.values.get("filter"))
    page = list_records(
        uow,
        record_type,
        where=where,
        cursor=request.args.get("after") or request.args.get("before"),
        limit=_PAGE,
    )
    columns = list_columns(kind, uow)[:5]
    return render_template(
        "marketing/choose.html",
        kind=kind,
        page=page,
        columns=columns,
        titles=Titles(uow, [column.field for column in columns], page.items),
        shown=count_text(page),
        segments=_segments(uow, record_type),
        campaigns=_campaigns(uow) if record_type in MEMBER_TYPES else [],
        chosen=request.values.get("into", ""),
        ticked=set(request.form.getlist("record_ids")),
        where=request.values.get("filter", ""),
        reason=reason_of(error) if error else "",
    )


def put(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Put the ticked records, or all of the list, where the form says.

    Raises:
        Invalid: Nothing is ticked, or no place is chosen.
    """
    what, _, key = request.form.get("into", "").partition(":")
    keys = request.form.getlist("record_ids")
    takes_all = request.form.get("which") == "all"
    if what not in {"segment", "campaign", "off"}:
        raise Invalid("Choose where they go.")
    if not keys and not (takes_all and what == "segment"):
        raise Invalid("Tick some of them first.")
    if what == "campaign":
        about = {"campaign_id": key, "record_type": record_type, "record_ids": keys}
        done = run(uow, "campaign.add_members", about)
        flash(f"{done['added']:,} came into the campaign.", "good")
        if done["refused"]:
            flash(f"{done['refused']:,} may not be contacted, so they stay out.", "warn")
        return redirect(url_for("campaigns.show", key=key))
    if what == "off":
        done = run(uow, "segment.remove_members", {"segment_id": key, "record_ids": keys})
        flash(f"{done['removed']:,} are taken off the list.", "good")
    elif takes_all:
        where = dict(parse_filter_text(KINDS[record_type].type, request.form.get("filter")).raw)
        run(uow, "segment.add_matching", {"segment_id": key, "where": where})
        flash("They are put on the list.", "good")
    else:
        done = run(uow, "segment.add_members", {"segment_id": key, "record_ids": keys})
        flash(f"{done['added']:,} are new on the list.", "good")
    return redirect(url_for("segments.show", key=key))


def _segments(uow: UnitOfWork, record_type: str) -> list[tuple[str, str]]:
    """Return the fixed lists that the actor may change, as options of a select."""
    statement = uow.select(Segment, verb=Verb.UPDATE).where(
        Segment.of_type == record_type, Segment.kind == SegmentKind.STATIC.value
    )
    found = uow.session.scalars(statement.order_by(Segment.name).limit(_OFFERED))
    return [(f"segment:{one.id}", one.name) for one in found]


def _campaigns(uow: UnitOfWork) -> list[tuple[str, str]]:
    statement = uow.select(Campaign, verb=Verb.UPDATE).where(
        Campaign.status != CampaignStatus.ENDED.value
    )
    found = uow.session.scalars(statement.order_by(Campaign.name).limit(_OFFERED))
    return [(f"campaign:{one.id}", one.name) for one in found]
