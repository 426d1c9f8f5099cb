"""The demo data."""

from __future__ import annotations

from sqlalchemy import text

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


def test_processes_are_told_when_the_demo_is_seeded(desk):
    seed_demo(desk.platform)
    assert sorted(set(desk.events())) == ["deal.opened", "lead.created", "request.created"]
    with desk.platform.session() as session:
        linked = session.scalar(text("SELECT count(*) FROM requests WHERE contact_id IS NOT NULL"))
    assert linked == 3
