"""From a client's request to an answer that holds, and every other way that it can go."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from services.request_model import ServiceRequest
from services.timeline import timeline_of
from tests.scenarios.coverage import everything_in

CLIENT = "olaf@x.example"


def submit(company, kind="question", **more):
    values = {"name": "Olaf Moe", "email": CLIENT, "subject": "How do I reset it?", **more}
    company.act("request.submit", type=kind, **values)
    return newest(company)


def newest(company):
    statement = select(ServiceRequest.id).order_by(ServiceRequest.id.desc()).limit(1)
    return company.ask(lambda uow: uow.session.scalars(statement).one())


def answer(company, actor="sven", name="Answer the question", text="Hold the button."):
    return company.work(name, actor, outcome="answered", request={"answer": text})


def ask_back(company, question="Which model?"):
    return company.work("Answer the question", "sven", outcome="ask_back", question=question)


def status(company, request):
    return company.record("request", request)["status"]


def a_question_is_answered_and_the_request_closes(company):
    request = submit(company)
    shown = company.record("request", request)
    assert (shown["priority"], shown["status"]) == ("normal", "in_progress")
    assert shown["first_response_due_at"] == datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
    assert shown["resolution_due_at"] == datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
    assert shown["owner_id"] == company.people["sven"].user_id
    (confirmation,) = company.mails(CLIENT)
    assert shown["number"] in confirmation["Subject"]
    assert "/status/" in confirmation.get_body(("plain",)).get_content()
    answer(company)
    assert "Hold the button." in company.mails(CLIENT)[-1].get_body(("plain",)).get_content()
    assert status(company, request) == "resolved"
    company.wait(days=2, hours=23)
    assert status(company, request) == "resolved"
    company.wait(hours=1)
    assert status(company, request) == "closed"
    assert company.states("service-request") == ["completed"]


def an_error_goes_to_production_and_a_reply_opens_it_again(company):
    request = submit(company, "error", subject="It jams")
    assert company.record("request", request)["priority"] == "high"
    assert [task.name for task in company.tasks("sven")] == []
    answer(company, "piotr", "Work on error or wish", "Replaced the spring.")
    company.wait(days=1)
    company.receive(CLIENT, "Re: It jams", "It jams again.", answers=company.mails(CLIENT)[-1])
    shown = company.record("request", request)
    assert (shown["status"], shown["escalation_level"]) == ("in_progress", 0)
    assert shown["resolution_due_at"] == datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    answer(company, "piotr", "Work on error or wish", "Replaced the whole lock.")
    company.wait(days=3)
    assert status(company, request) == "closed"


def the_clock_stands_while_the_client_is_asked_back(company):
    request = submit(company)
    ask_back(company)
    assert status(company, request) == "waiting"
    asked = company.mails(CLIENT)[-1]
    assert "Which model?" in asked.get_body(("plain",)).get_content()
    company.wait(days=4)
    assert company.open_tasks() == []
    company.receive(CLIENT, "Re: which", "The blue one.", answers=asked)
    assert status(company, request) == "in_progress"
    ask_back(company, "Which blue?")
    company.wait(days=5)
    assert company.open_tasks() == ["Answer the question"]
    assert company.record("request", request)["escalation_level"] == 0
    company.wait(hours=5)
    assert late_notes(company, request) == 0
    answer(company)
    company.wait(days=3)


def a_late_request_warns_its_owner_and_then_goes_to_a_manager(company):
    request = submit(company)
    company.wait(hours=4)
    assert late_notes(company, request) == 1
    assert len(company.mails("sven@lanewise.example")) == 1
    company.wait(days=2)
    shown = company.record("request", request)
    assert shown["owner_id"] == company.people["maria"].user_id
    assert shown["escalation_level"] == 1
    assert len(company.mails("maria@lanewise.example")) == 1
    answer(company)
    company.wait(days=3)
    assert company.states("service-request") == ["completed"]


def a_due_time_that_moves_takes_its_timers_along(company):
    request = submit(company)
    later = datetime(2026, 3, 2, 15, tzinfo=UTC)
    company.act("request.update", request_id=request, first_response_due_at=later)
    company.wait(hours=5)
    assert late_notes(company, request) == 0
    company.wait(hours=1)
    assert late_notes(company, request) == 1
    company.act("request.update", request_id=request, priority="urgent")
    company.wait(days=1, hours=1)
    assert company.record("request", request)["escalation_level"] == 1
    answer(company)
    company.wait(days=3)


def late_notes(company, request):
    entries = company.ask(lambda uow: timeline_of(uow, "request", request))
    return sum(entry.body == "The first response is late." for entry in entries)


def a_request_without_an_address_is_worked_on_all_the_same(company):
    request = company.act("request.create", "sven", subject="Called us", type="question").id
    assert company.open_tasks() == ["Answer the question"]
    answer(company)
    assert status(company, request) == "resolved"
    company.wait(days=3)
    assert company.mails(CLIENT) == []
    assert company.states("service-request") == ["completed"]


def a_request_goes_to_a_manager_when_the_group_has_nobody(company):
    (production,) = company.people["piotr"].group_ids
    company.act("group.set_members", "olga", group_id=production, user_ids=[])
    request = submit(company, "wish")
    assert company.record("request", request)["owner_id"] == company.people["maria"].user_id
    assert company.record("request", request)["priority"] == "low"
    answer(company, "maria", "Work on error or wish", "We will build it.")


def a_mail_becomes_a_request(company):
    company.receive(CLIENT, "The door is broken", "It does not open any more.")
    shown = company.record("request", newest(company))
    assert (shown["type"], shown["channel"]) == ("error", "mail")
    assert company.open_tasks() == ["Work on error or wish"]


WAYS = (
    a_question_is_answered_and_the_request_closes,
    an_error_goes_to_production_and_a_reply_opens_it_again,
    the_clock_stands_while_the_client_is_asked_back,
    a_late_request_warns_its_owner_and_then_goes_to_a_manager,
    a_due_time_that_moves_takes_its_timers_along,
    a_request_without_an_address_is_worked_on_all_the_same,
    a_request_goes_to_a_manager_when_the_group_has_nobody,
    a_mail_becomes_a_request,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_request_goes_its_way(company, way):
    way(company)
    assert company.incidents() == []


def test_every_element_of_the_process_is_taken_by_some_way(company):
    left = everything_in("service-request")
    for way in WAYS:
        company.start_anew()
        way(company)
        left -= company.taken("service-request")
    assert left == set()
