"""What a campaign's page does, and the page of its members."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from services.actors import Verb
from services.errors import LanewiseError, NotFound
from services.marketing.campaign_model import MEMBER_STATUSES, Campaign
from services.marketing.member_pages import list_members
from services.operations import run
from services.unit_of_work import UnitOfWork

_ACTIONS: Final = {
    "fill": ((), "The segments' members come in."),
    "stop_fill": ((), "It is stopped. Who is in stays in."),
    "resume_fill": ((), "It goes on."),
    "add_segment": (("segment_id", "is_left_out"), "The segment is added."),
    "remove_segment": (("segment_id",), "The segment is taken off. Who came in stays in."),
    "set_member_status": (("record_type", "record_id", "status"), "It is noted."),
    "remove_member": (("record_type", "record_id"), "Taken out."),
}
"""By verb: the fields of its form, and what is said when it is done."""

_OF_MEMBERS: Final = frozenset({"set_member_status", "remove_member"})


def members(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the members of a campaign, a page at a time."""
    campaign = uow.get(Campaign, key)
    status = request.args.get("status", "")
    page = list_members(
        uow,
        campaign,
        status=status if status in MEMBER_STATUSES else None,
        after=request.args.get("after", type=UUID),
        before=request.args.get("before", type=UUID),
    )
    return render_template(
        "marketing/members.html",
        campaign=campaign,
        page=page,
        status=status,
        statuses=list(MEMBER_STATUSES.items()),
        may_change=uow.may_do(Verb.UPDATE, campaign),
    )


def act(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Do what a campaign's page offers.

    Raises:
        NotFound: It offers no such thing.
    """
    if verb not in _ACTIONS:
        raise NotFound("There is no such action.")
    names, done = _ACTIONS[verb]
    run(uow, f"campaign.{verb}", {"campaign_id": str(key), **form_arguments(names)})
    flash(done, "good")
    return _back(key, verb)


def explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Say on the page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back(key, verb)


def _back(key: UUID, verb: str) -> ResponseReturnValue:
    endpoint = "marketing.members" if verb in _OF_MEMBERS else "campaigns.show"
    return redirect(url_for(endpoint, key=key))
