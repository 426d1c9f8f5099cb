"""Every operation and route with everybody's records: made from the registries, none escapes.

What one may not see is not found, in the same words as what is not there. Each attempt is undone,
so that all of them meet the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.context import PLATFORM, SESSION_CLOCK
from app.limits import LIMITS
from app.records.kinds import KINDS
from services.actors import SYSTEM
from services.custom.layout import look_again
from services.errors import LanewiseError, NotAllowed, NotFound
from services.operations import Operation, all_operations, run
from services.platform import Platform
from services.records.lists import list_records
from services.records.types import get_record_type
from tests.app.conftest import Browser
from tests.app.security_world import (
    NOBODYS,
    PROCESSES,
    RECORD,
    SEEN_BY,
    SETTINGS,
    World,
    build_world,
    keys_of,
    kind_named,
    record_type_for,
    scoped_types,
    with_key,
)
from tests.conftest import FrozenClock, empty_database

# Operations with which the one who sees a record may add to it, without changing it.
READING_IS_ENOUGH = frozenset(
    {
        "segment.check",
        "duplicates.tell_apart",
        "note.add",
        "document.make",
        "document.start",
        "document.convert",
        "mail.send",
        "person.export",
    }
)
# Who operates processes tells them something about a record; the record stays as it is.
ABOUT_PROCESSES = frozenset({"message.correlate", "signal.broadcast"})
# Something in these is refused before the row is looked for, to everybody alike.
REFUSED_BEFORE = frozenset({("record.attach", "record_id")})
# What is seen need not be found by these: they want more than that it is there, such as a mail of
# the same record, a deleted record or file, a file of the same record, or oneself as the one who
# was invited.
WANT_MORE = frozenset(
    {
        ("campaign.remove_member", "campaign_id"),
        ("campaign.remove_member", "record_id"),
        ("campaign.set_member_status", "campaign_id"),
        ("campaign.set_member_status", "record_id"),
        ("activity.respond", "activity_id"),
        ("activity.respond", "participant_id"),
        ("contract.create", "signed_document_id"),
        ("contract.update", "signed_document_id"),
        ("document.restore", "document_id"),
        ("mail.send", "reply_to_id"),
        ("mail.unlink", "mail_id"),
        ("mail.unlink", "record_id"),
        ("record.restore", "record_id"),
    }
)
# They only take away what stands with a record of one's own; what doesn't is passed over.
TAKES_AWAY = frozenset(
    {
        ("campaign.remove_segment", "segment_id"),
        ("deal.remove_contact", "contact_id"),
        ("segment.remove_members", "record_ids"),
    }
)
# It tells of each record by itself (tests/services/test_many_records.py).
TELLS_OF_EACH = frozenset({("record.change_many", "record_ids")})
# Who operates the installation repairs the delivery of every mail.
OPERATING = frozenset({("mail.mark_sent", "mail_id"), ("mail.resend", "mail_id")})


@pytest.fixture(scope="module")
def world(settings, engine, password_hash) -> Iterator[World]:
    """One world for all tests: what operations do is undone, and routes only read."""
    empty_database(engine)
    platform = Platform(settings, engine, FrozenClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)))
    look_again(platform)  # the fields that a test before has added are gone
    yield build_world(platform, password_hash)
    assert not engine.pool.checkedout(), "a connection was not given back"


@pytest.fixture
def app(built_app, world) -> Flask:
    """The application with the world, as if nobody had called it before."""
    built_app.extensions[PLATFORM] = world.platform
    built_app.extensions[SESSION_CLOCK] = world.platform.clock
    built_app.extensions[LIMITS].counters.reset()
    return built_app


def named_rows() -> Iterator[tuple[Operation, str, str]]:
    """Yield each argument of an operation that names a row which belongs to a record."""
    for operation in all_operations():
        for name, argument in keys_of(operation):
            kind = kind_named(operation, name, argument)
            if kind is not None and name not in PROCESSES and operation.name != "instance.start":
                yield operation, name, record_type_for(operation) if kind == RECORD else kind


def own_rows(world: World) -> dict[str, Any]:
    return {kind: rows["own"] for kind, rows in world.rows.items()}


def outcome(world: World, who: str, operation: Operation, raw: dict[str, Any]) -> Any:
    """Return the error of an operation, or None."""

    def work(uow):
        try:
            run(uow, operation.name, raw)
        except LanewiseError as error:
            return error
        return None

    return world.as_(who, work)


def test_every_key_of_every_operation_is_known():
    unknown = [
        f"{operation.name}({name})"
        for operation in all_operations()
        for name, argument in keys_of(operation)
        if kind_named(operation, name, argument) is None
        and name not in SETTINGS | PROCESSES
        and argument.metadata.get("relation") not in {"user", "group"}
    ]
    assert not unknown


TRIED = {
    "petra": ("own", "team", "other"),
    "boris": ("own", "team", "other"),
    "maria": ("other",),
    "clara": ("own",),
}


def attempts() -> Iterator[tuple[Operation, str, str, str, str]]:
    """Yield each named row with each person that tries it and whose it is."""
    for operation, name, kind in named_rows():
        if (operation.name, name) in REFUSED_BEFORE | TAKES_AWAY | TELLS_OF_EACH | OPERATING:
            continue
        for who, relations in TRIED.items():
            for relation in relations:
                is_seen = relation in SEEN_BY[who]
                if not (is_seen and (operation.name, name) in WANT_MORE):
                    yield operation, name, kind, who, relation


def test_what_is_not_seen_is_not_found_when_an_operation_names_it(world):
    wrong = []
    own = own_rows(world)
    for operation, name, kind, who, relation in attempts():
        raw = with_key(operation, name, world.rows[kind][relation], own)
        error = outcome(world, who, operation, raw)
        if who == "clara" and isinstance(error, NotAllowed):
            continue  # told of the type, before any record was looked for
        if isinstance(error, NotFound) is (relation in SEEN_BY[who]):
            wrong.append((operation.name, name, who, relation, repr(error)))
    assert not wrong, "\n".join(map(str, wrong))


def test_the_words_are_those_for_nothing_when_somebody_elses_row_is_named(world):
    wrong = []
    own = own_rows(world)
    for operation, name, kind in named_rows():
        errors = [
            outcome(world, "petra", operation, with_key(operation, name, key, own))
            for key in (world.rows[kind]["other"], NOBODYS)
        ]
        told = {(type(error), getattr(error, "message", None)) for error in errors}
        if (operation.name, name) in TAKES_AWAY | TELLS_OF_EACH | OPERATING:
            continue
        if len(told) > 1 or None in errors:
            wrong.append((operation.name, name, told))
    assert not wrong, "\n".join(map(str, wrong))


def test_nobody_changes_what_a_role_lets_one_only_see(world):
    wrong = []
    own = own_rows(world)
    for operation, name, kind in named_rows():
        is_about_it = (
            name in {"record_id", "kept_id"} or name == f"{operation.name.split('.')[0]}_id"
        )
        if not is_about_it or kind not in scoped_types():
            continue
        if (operation.name, name) in REFUSED_BEFORE:
            continue
        raw = with_key(operation, name, world.rows[kind]["own"], own)
        error = outcome(world, "rita", operation, raw)
        allowed = operation.name in READING_IS_ENOUGH | ABOUT_PROCESSES
        if isinstance(error, NotAllowed | NotFound) is allowed:
            wrong.append((operation.name, name, repr(error)))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("who", SEEN_BY)
def test_lists_counts_and_searches_hold_what_is_seen(world, who):
    for name in scoped_types():
        keys = {relation: world.rows[name][relation] for relation in ("own", "team", "other")}

        def look(uow, name=name):
            page = list_records(uow, name, limit=200)
            return {record.id for record in page.items}, page.total

        found, total = world.as_(who, look)
        assert {relation for relation, key in keys.items() if key in found} == SEEN_BY[who], name
        assert total == len(found), name


def record_routes(app) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """Yield the GET routes of single records: endpoint, type and the other keys they take."""
    places = {kind.place: kind.record_type for kind in KINDS.values()}
    for rule in app.url_map.iter_rules():
        place = rule.endpoint.partition(".")[0].removeprefix("api_")
        is_of_one = "GET" in rule.methods and "key" in rule.arguments
        if is_of_one and places.get(place) in scoped_types():
            yield rule.endpoint, places[place], rule.arguments - {"key"}


def test_pages_of_records_answer_alike_when_they_are_not_seen(world, app):
    browser = Browser(app.test_client())
    assert browser.sign_in("petra@matrix.example").status_code == 302
    wrong = []
    for endpoint, name, others in record_routes(app):
        for relation in ("own", "team", "other", "nobodys"):
            key = NOBODYS if relation == "nobodys" else world.rows[name][relation]
            values = dict.fromkeys(others, world.rows[name]["own"])
            with app.test_request_context():
                url = app.url_map.bind("localhost").build(endpoint, {"key": key, **values})
            if endpoint.startswith("api_"):
                continue
            status = browser.get(url).status_code
            allowed = {200, 302, 404} if relation == "own" and others else {200, 302}
            if endpoint.endswith((".doubles", ".compare")) and relation == "own":
                allowed |= {404}
            expected = allowed if relation == "own" else {404}
            if status not in expected:
                wrong.append((endpoint, relation, status))
    assert not wrong, "\n".join(map(str, wrong))


def test_the_api_of_records_answers_alike_when_they_are_not_seen(world, app):
    client = app.test_client(use_cookies=False)
    sent = {"email": "petra@matrix.example", "password": "correct horse battery"}
    token = client.post("/api/v1/token", json=sent).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    wrong = []
    for kind in KINDS.values():
        if kind.record_type not in scoped_types():
            continue
        for relation in ("own", "team", "other"):
            key = world.rows[kind.record_type][relation]
            for method, tail in (("GET", ""), ("GET", "/timeline"), ("PATCH", "")):
                url = f"/api/v1/{kind.place}/{key}{tail}"
                sent = {} if method == "PATCH" else None
                status = client.open(url, method=method, json=sent, headers=headers).status_code
                if status != (200 if relation == "own" else 404):
                    wrong.append((url, method, relation, status))
    assert not wrong, "\n".join(map(str, wrong))


def test_a_list_tells_nothing_of_a_record_when_it_is_narrowed_by_its_key(world):
    wrong = []
    for name in scoped_types():
        for field in get_record_type(name).fields:
            if field.relation not in scoped_types():
                continue

            def look(uow, name=name, field=field):
                found = []
                for key in (world.rows[field.relation]["other"], NOBODYS):
                    filters = {field.name: str(key)}
                    found.append(list_records(uow, name, filters=filters).total)
                return found

            if world.as_("petra", look) != [0, 0]:
                wrong.append((name, field.name))
    assert not wrong, "\n".join(map(str, wrong))


SUMS = (
    "/",
    "/agenda",
    "/deals/board",
    "/deals/board/forecast",
    "/goals/progress",
    "/marketing/values",
    "/recurring",
    "/search?q=Something",
    "/search/suggest?q=Something",
)


def told(browser: Browser, url: str) -> str:
    """Return the words of a page and the addresses it leads to."""
    text = browser.get(url).text
    words = re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL)
    return " ".join([*words.split(), *re.findall(r'href="([^"]+)"', text)])


def let_others_point_at_ones_own(uow: Any, world: World) -> None:
    """Let the records of Sven belong to those of Petra, wherever a column allows it."""
    for name in scoped_types():
        model: Any = get_record_type(name).model
        for field in get_record_type(name).fields:
            column = model.__table__.c.get(field.name)
            value: Any = 777 if field.kind == "money" else None
            if field.relation in scoped_types():
                value = world.rows[field.relation]["own"]
            if column is None or value is None:
                continue
            changed = update(model.__table__).where(model.id == world.rows[name]["other"])
            with suppress(IntegrityError), uow.savepoint():
                uow.session.execute(changed.values({field.name: value}))


def test_no_page_of_ones_own_tells_of_others_records_that_belong_to_it(world, app):
    browser = Browser(app.test_client())
    assert browser.sign_in("petra@matrix.example").status_code == 302
    places = {kind.record_type: kind.place for kind in KINDS.values()}
    urls = [*SUMS, *(f"/{places[name]}/{world.rows[name]['own']}" for name in scoped_types())]
    before = {url: told(browser, url) for url in urls}
    world.platform.transact(SYSTEM, lambda uow: let_others_point_at_ones_own(uow, world))
    app.extensions[LIMITS].counters.reset()
    assert [url for url in urls if told(browser, url) != before[url]] == []
