"""What a role hides stands on no page, in no answer and in no file: every address is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from app.records.kinds import KINDS
from services.actors import SYSTEM
from services.errors import Invalid
from services.operations import run
from services.people.model import User, find_group
from services.records.types import Field, RecordType, all_record_types, get_record_type
from services.sales.model import LINES
from tests.app.conftest import Browser
from tests.app.security_world import (
    EVERYTHING,
    FULL,
    build_world,
    scoped_types,
)

MARK = "Zqxjkv"
PRICE = "918273.64"
DAY = "2031-08-17"
# How texts, prices and days show that they are there: as they are typed, and as pages write them.
SIGNS = (MARK.lower(), "918273", "918,273", DAY, "17 aug 2031")
KINDS_OF_TEXT = frozenset({"text", "long_text", "email"})
# What names a record elsewhere on its pages is no secret; nor is what it is called by.
OPEN = frozenset({"number", "first_name", "last_name", "name"})

# Pages beside those of a record type: those that take nothing, and of what the key is elsewhere.
WITHOUT_KEY = (
    "agenda.", "board.", "goal_progress.", "inbox.", "knowledge.", "marketing.", "notifications.",
    "recurring.", "sales.", "search.", "start.", "territory_tree.",
)  # fmt: skip
ABOUT_ONE = {
    "agenda.calendar": "activity",
    "board.ask": "deal",
    "board.positions": "deal",
    "conversations.show": "thread",
    "goal_progress.filter": "goal",
    "knowledge.suggestions": "request",
    "marketing.members": "campaign",
    "marketing.of_account": "account",
    "marketing.of_contact": "contact",
    "marketing.of_lead": "lead",
    "notes.show": "note",
    "points.of_account": "account",
    "points.of_contact": "contact",
    "recurring.account": "account",
    "sales.account": "account",
    "recurring.change": "subscription",
    "sales.credit_invoice": "invoice",
    "sales.invoice_order": "order",
}


def hideable(record_type: RecordType) -> Iterator[Field]:
    for field in record_type.fields:
        is_text = field.kind in KINDS_OF_TEXT and field.choices is None
        is_free = field.name not in OPEN | {record_type.title_field}
        if is_text and is_free and field.writable:
            yield field


def amounts(record_type: RecordType) -> Iterator[Field]:
    return (field for field in record_type.fields if field.kind == "money")


def priced(record_type: RecordType) -> dict[str, Any]:
    """Return amounts that are secret: of the lines where a record has some, else of its fields."""
    if record_type.name in LINES:
        return {"lines": [{"title": "x", "unit_price": PRICE}]}
    return {field.name: PRICE for field in amounts(record_type) if field.writable}


def dated(record_type: RecordType) -> Iterator[Field]:
    kept = {"created_at", "updated_at"}
    kinds = {"date", "datetime"}
    return (one for one in record_type.fields if one.kind in kinds and one.name not in kept)


def marked(field: Field) -> str:
    if field.kind in {"date", "datetime"}:
        return DAY if field.kind == "date" else f"{DAY}T10:00:00+00:00"
    return f"{MARK}@{MARK}.example".lower() if field.kind == "email" else f"{MARK} {field.name}"


@pytest.fixture
def clerk(platform, password_hash, app) -> tuple[Any, Browser]:
    """A world with a secret in every text field, and a browser of somebody who sees none."""
    world = build_world(platform, password_hash)
    secrets = {
        one.name: list(hideable(one)) for one in all_record_types() if one.name in scoped_types()
    }

    def prepare(uow):
        for name, fields in secrets.items():
            key = {f"{name}_id": str(world.rows[name]["own"])}
            days = [field for field in dated(get_record_type(name)) if field.writable]
            for field in (*fields, *days):
                # One by one, so that each change has an entry of its own in the timeline.
                with suppress(Invalid), uow.savepoint():  # a currency is no place for a secret
                    run(uow, f"{name}.update", {**key, field.name: marked(field)})
            if costs := priced(get_record_type(name)):
                run(uow, f"{name}.update", {**key, **costs})
        rights = {
            name: {field.name: "hidden" for field in (*fields, *amounts(kind), *dated(kind))}
            for name, fields in secrets.items()
            for kind in [get_record_type(name)]
        }
        run(uow, "contract.activate", {"contract_id": str(world.rows["contract"]["own"])})
        rights = {name: hidden for name, hidden in rights.items() if hidden}
        records = {"*": {**FULL, "create": "all"}}
        values = {"permissions": EVERYTHING, "records": records, "field_rights": rights}
        role = run(uow, "role.create", {"name": "Clerk", **values})
        user = User(
            email="clerk@matrix.example",
            name="Clerk",
            roles=[role.key],
            scope="all",
            password_hash=password_hash,
        )
        user.groups = [find_group(uow, "Sales")]
        uow.add(user)

    platform.transact(SYSTEM, prepare, source="test")
    browser = Browser(app.test_client())
    assert browser.sign_in("clerk@matrix.example").status_code == 302
    return world, browser


def addresses(app, world) -> Iterator[str]:
    """Yield the address of every page and answer that is about records."""
    places = {kind.place: kind.record_type for kind in KINDS.values()}
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        place = rule.endpoint.partition(".")[0].removeprefix("api_")
        if "GET" not in rule.methods:
            continue
        name = places.get(place)
        if name in scoped_types() and rule.arguments <= {"key", "other"}:
            keys = world.rows[name]
            values = {"key": keys["own"], "other": keys["team"]}
            given = {argument: values[argument] for argument in rule.arguments}
            yield adapter.build(rule.endpoint, given)
        elif not rule.arguments and rule.endpoint.startswith(WITHOUT_KEY):
            yield adapter.build(rule.endpoint)
        elif rule.endpoint in ABOUT_ONE:
            key = world.rows[ABOUT_ONE[rule.endpoint]]["own"]
            yield adapter.build(rule.endpoint, {"key": key})


def test_a_secret_stands_nowhere_when_a_role_hides_its_field(app, clerk):
    world, browser = clerk
    found = []
    for url in addresses(app, world):
        text = browser.get(url).text.lower()
        found += [(url, sign) for sign in SIGNS if sign in text]
    assert not found, "\n".join(map(str, found))


def test_the_secrets_are_there_when_nothing_is_hidden(app, clerk, platform):
    """Shows that the test above would find them."""
    world, _browser = clerk
    browser = Browser(app.test_client())
    assert browser.sign_in("maria@matrix.example").status_code == 302
    page = browser.get(f"/leads/{world.rows['lead']['own']}")
    assert MARK in page.text
    for name in ("deal", *LINES):
        place = next(kind.place for kind in KINDS.values() if kind.record_type == name)
        assert "918,273" in browser.get(f"/{place}/{world.rows[name]['own']}").text, name


def test_a_record_is_not_found_by_a_secret_when_a_role_hides_it(clerk):
    world, browser = clerk
    everywhere = browser.get(f"/search?q={MARK}").text
    for kind in KINDS.values():
        if kind.record_type in scoped_types():
            key = str(world.rows[kind.record_type]["own"])
            assert key not in browser.get(f"/{kind.place}?q={MARK}").text, kind.place
            assert key not in everywhere, kind.place
