"""A request that comes twice is carried out once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from processes.jobs.upkeep import tidy_up
from services.crm.lead_model import Lead
from services.submissions import Submission

_KEY = re.compile(r'name="submission" value="([^"]+)"')


def _leads(platform) -> int:
    with platform.session() as session:
        return session.scalar(select(func.count()).select_from(Lead))


def test_a_form_makes_one_record_when_it_is_sent_twice(browse, platform):
    anna = browse("employee")
    key = _KEY.search(anna.get("/leads/new").text).group(1)
    first = anna.post("/leads/new", submission=key, name="Eva")
    second = anna.post("/leads/new", submission=key, name="Eva")
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    assert _leads(platform) == 1


def test_a_public_form_makes_one_lead_when_it_is_sent_twice(visitor, platform):
    key = _KEY.search(visitor.get("/form/lead").text).group(1)
    answers = [
        visitor.post("/form/lead", submission=key, name="Eva", email="eva@example.com", consent="1")
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert _leads(platform) == 1


def test_a_form_is_carried_out_when_it_was_refused_before(browse, platform):
    anna = browse("employee")
    assert anna.post("/leads/new", submission="k" * 20, name="").status_code == 422
    assert anna.post("/leads/new", submission="k" * 20, name="Eva").status_code == 302
    assert _leads(platform) == 1


def _create(call, name: str = "Eva", key: str = "one"):
    return call("POST", "/operations/lead.create", {"name": name}, key)


def test_a_program_gets_the_first_answer_when_it_asks_again(api, platform):
    anna = api("employee")
    first, second = _create(anna), _create(anna)
    assert (first.status_code, first.json) == (200, second.json)
    assert _leads(platform) == 1


def test_a_key_is_refused_when_it_stands_for_something_else(api, platform):
    anna = api("employee")
    _create(anna)
    other = _create(anna, name="Ida")
    assert (other.status_code, other.json["code"]) == (422, "key_used")
    assert _create(anna, key="x" * 256).status_code == 422
    assert _leads(platform) == 1


def test_keys_do_not_meet_when_two_people_choose_the_same(api, platform):
    answers = [_create(api(who)) for who in ("employee", "colleague")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert _leads(platform) == 2


def test_a_secret_is_not_kept_when_a_token_is_made(api, platform):
    anna = api("employee")
    made = anna("POST", "/operations/token.create", {"name": "script"}, "one")
    again = anna("POST", "/operations/token.create", {"name": "script"}, "one")
    assert made.status_code == 200
    assert (again.status_code, again.json["code"]) == (409, "done_already")
    with platform.session() as session:
        assert session.scalars(select(Submission.content)).all() == [None]


def test_one_is_carried_out_when_all_come_at_the_same_moment(api, platform):
    calls = [api("employee") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(_create, calls))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert _leads(platform) == 1


@pytest.mark.parametrize(("hours", "kept"), [(23, 1), (25, 0)])
def test_answers_are_forgotten_after_a_day(api, platform, clock, hours, kept):
    _create(api("employee"))
    clock.advance(timedelta(hours=hours))
    tidy_up(platform)
    with platform.session() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == kept
