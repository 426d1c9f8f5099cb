"""The demo data."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select, text

from processes.jobs.draining import drain
from services.contracts.daily import look_after_contracts
from services.contracts.model import Contract
from services.contracts.recurring import months_of_revenue
from services.demo import DEMO_PASSWORD, seed_demo
from services.people.sign_in import sign_in
from services.records.lists import list_records


def test_people_can_sign_in_when_the_demo_is_seeded(desk):
    seed_demo(desk.platform)
    for name in ("anna", "boris", "maria", "sven", "piotr", "ada", "olga"):
        assert desk.ask(_permissions, f"{name}@lanewise.example")


def _permissions(uow, email):
    return sign_in(uow, email, DEMO_PASSWORD).actor().permissions


def test_nothing_is_added_when_the_demo_is_seeded_twice(desk):
    seed_demo(desk.platform)
    before = {kind: desk.ask(list_records, kind).total for kind in ("lead", "deal", "request")}
    seed_demo(desk.platform)
    after = {kind: desk.ask(list_records, kind).total for kind in ("lead", "deal", "request")}
    assert before == after == {"lead": 5, "deal": 4, "request": 3}


def test_a_contract_expires_soon_and_something_comes_in_when_the_demo_is_seeded(desk):
    seed_demo(desk.platform)
    assert desk.ask(list_records, "contract").total == 3
    assert desk.ask(months_of_revenue).mrr == Decimal("537.20")
    desk.ask(look_after_contracts)
    drain(desk.platform)
    with desk.platform.session() as session:
        asked = session.scalars(select(Contract.title).where(Contract.reminded_for.is_not(None)))
        assert asked.all() == ["Upkeep of balcony doors"]


def test_processes_are_told_when_the_demo_is_seeded(desk):
    seed_demo(desk.platform)
    assert {"deal.opened", "lead.created", "request.created"} <= set(desk.events())
    with desk.platform.session() as session:
        linked = session.scalar(text("SELECT count(*) FROM requests WHERE contact_id IS NOT NULL"))
    assert linked == 3


def test_a_campaign_has_members_when_the_demo_is_seeded(desk):
    seed_demo(desk.platform)
    members = text(
        "SELECT c.channel, count(*) FROM campaign_members m"
        " JOIN campaigns c ON c.id = m.campaign_id GROUP BY 1 ORDER BY 1"
    )
    with desk.platform.session() as session:  # by mail only those who agreed
        assert session.execute(members).all() == [("letter", 3), ("mail", 2)]
