"""The board of a pipeline: its columns, more of their cards, and what is expected when."""

from __future__ import annotations

from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from services.crm.board import CLOSED_DAYS, load_board, more_cards
from services.crm.board_parts import BoardQuery
from services.crm.deal_model import DEAL
from services.crm.forecast import forecast_months
from services.crm.pipelines import all_stages, find_stage
from services.filtering import Filter, all_of, parse_filter, parse_filter_text
from services.unit_of_work import UnitOfWork

ARGUMENTS = ("pipeline", "owner", "q", "rotting", "filter")


def show(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the board with the first cards of each column; a script gets the columns alone."""
    board = load_board(uow, board_query(uow))
    fragment = "HX-Request" in request.headers
    people = [(str(key), name) for key, name in board.people.items() if key != uow.actor.user_id]
    return render_template(
        "deals/columns.html" if fragment else "deals/board.html",
        board=board,
        pipelines=[(str(one.id), one.name) for one in board.pipelines],
        people=[("", "All owners"), ("me", "Mine"), *people],
        arguments=board_arguments(),
        narrowed=any(request.args.get(name) for name in ARGUMENTS if name != "pipeline"),
        closed_days=CLOSED_DAYS,
    )


def more(uow: UnitOfWork, *, stage: str) -> ResponseReturnValue:
    """Show the next cards of a column, for appending to it."""
    found = find_stage(all_stages(uow), stage)
    column = more_cards(uow, board_query(uow), found, request.args.get("after"))
    return render_template("deals/cards.html", column=column, arguments=board_arguments())


def forecast(uow: UnitOfWork) -> ResponseReturnValue:
    """Show what the open deals are expected to bring, by the month of their close."""
    months, currency = forecast_months(uow, board_query(uow))
    return render_template("deals/forecast.html", months=months, currency=currency)


def board_query(uow: UnitOfWork) -> BoardQuery:
    """Return what the address asks for; what is no key is as good as nothing."""
    owner = request.args.get("owner", "")
    return BoardQuery(
        pipeline_id=request.args.get("pipeline", type=UUID),
        owner_id=uow.actor.user_id if owner == "me" else request.args.get("owner", type=UUID),
        rotting=request.args.get("rotting") == "1",
        where=_where(),
    )


def board_arguments() -> dict[str, str]:
    """Return those arguments of the address that say what the board shows."""
    return {name: request.args[name] for name in ARGUMENTS if request.args.get(name)}


def _where() -> Filter | None:
    """Return the filter of the address, with the words that are searched for."""
    words = request.args.get("q", "").strip()
    found = [parse_filter_text(DEAL, request.args.get("filter"))]
    found += [parse_filter(DEAL, {"q": words})] if words else []
    where = all_of(DEAL, *found)
    return None if where.is_empty else where
