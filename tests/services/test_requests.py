"""Service requests: status, times, links."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.actors import PUBLIC
from services.crm.request_links import make_link, read_link
from services.errors import Conflict, NotFound


def _request(desk, **values):
    return desk.do("request.create", subject="Broken", **values)


def test_reference_and_link_are_returned_when_the_public_form_is_sent(staff):
    contact = staff.do("contact.create", "sven", last_name="Lund", email="eva@x.example")
    made = staff.do(
        "request.submit", PUBLIC, name="Eva", email="eva@x.example", subject="Broken", type="error"
    )
    key = read_link(staff.platform.settings, made["status_link"])
    request = staff.ask(lambda uow: uow.session.get(type(_request(staff)), key))
    assert made["reference"] == request.number
    assert (request.contact_id, request.channel) == (contact.id, "form")


def test_a_link_is_not_found_when_it_was_changed(staff):
    settings = staff.platform.settings
    token = make_link(settings, _request(staff).id)
    for bad in (token[:-1], token + "x", "x", "", token.replace(".", "")):
        with pytest.raises(NotFound):
            read_link(settings, bad)


def test_times_are_set_when_a_request_goes_its_way(staff, clock):
    request = _request(staff)
    clock.advance(timedelta(minutes=5))
    request = staff.do("request.set_status", request_id=request.id, status="answered")
    answered = clock.now()
    clock.advance(timedelta(minutes=5))
    request = staff.do("request.set_status", request_id=request.id, status="resolved")
    assert (request.first_responded_at, request.resolved_at) == (answered, clock.now())
    request = staff.do("request.set_status", request_id=request.id, status="in_progress")
    assert request.resolved_at is None
    assert staff.events().count("request.status_changed") == 3


def test_a_status_is_refused_when_the_request_is_closed(staff):
    request = _request(staff)
    staff.do("request.set_status", request_id=request.id, status="closed")
    for status in ("new", "in_progress", "waiting", "answered", "resolved"):
        with pytest.raises(Conflict):
            staff.do("request.set_status", request_id=request.id, status=status)


def test_nothing_happens_when_the_status_is_set_again(staff):
    request = _request(staff)
    for _ in range(2):
        staff.do("request.set_status", request_id=request.id, status="in_progress")
    assert staff.events().count("request.status_changed") == 1


def test_the_moment_is_kept_when_a_request_is_escalated(staff, clock):
    request = _request(staff)
    request = staff.do("request.update", request_id=request.id, escalation_level=1)
    first = clock.now()
    clock.advance(timedelta(hours=1))
    request = staff.do("request.update", request_id=request.id, escalation_level=1)
    assert request.escalated_at == first


def test_numbers_follow_one_another_when_requests_come(staff):
    one, two = _request(staff), _request(staff)
    assert int(two.number[2:]) == int(one.number[2:]) + 1
