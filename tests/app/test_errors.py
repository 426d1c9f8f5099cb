"""Errors as people and programs see them."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from app.records import lists


@pytest.fixture
def broken_list(monkeypatch):
    """Make the list of leads fail in a way that nobody has foreseen."""

    def fail(*_arguments, **_options):
        raise ZeroDivisionError("a secret of the program")

    monkeypatch.setattr(lists, "list_records", fail)


def test_an_unknown_address_says_so_and_shows_a_way_on(browse):
    response = browse("employee").get("/no-such-page")
    assert response.status_code == 404
    assert "Go to the inbox" in response.text


def test_a_stranger_is_asked_to_sign_in_and_comes_back(visitor):
    response = visitor.get("/leads?q=kari")
    assert response.headers["Location"] == "/sign-in?next=/leads?q%3Dkari"


def test_a_fragment_sends_the_whole_page_to_the_sign_in(visitor):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/leads"}
    response = visitor.get("/pick/lead", headers=headers)
    assert response.headers["HX-Redirect"] == "/sign-in?next=/leads"


def test_a_program_gets_problem_json(visitor):
    response = visitor.get("/leads", headers={"Accept": "application/json"})
    assert response.status_code == 401
    assert response.mimetype == "application/problem+json"
    assert response.json["code"] == "not_authenticated"


@pytest.mark.usefixtures("broken_list")
def test_a_fault_shows_only_the_number_under_which_it_is_logged(app, browse, monkeypatch):
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", value=False)
    browser = browse("employee")
    with capture_logs() as logged:
        response = browser.get("/leads")
    assert response.status_code == 500
    fault = next(line for line in logged if line["event"] == "fault")
    assert fault["fault_id"] in response.text
    assert response.headers["X-Request-Id"] == fault["fault_id"]
    assert "ZeroDivisionError" not in response.text
    assert "secret" not in response.text


@pytest.mark.usefixtures("broken_list")
def test_a_fault_of_a_program_s_request_is_problem_json(browse):
    response = browse("employee").get("/leads", headers={"Accept": "application/json"})
    assert response.status_code == 500
    assert response.json["id"] == response.headers["X-Request-Id"]
    assert "secret" not in response.text


def test_a_lost_database_is_said_without_driver_text(browse, monkeypatch):
    def fail(*_arguments, **_options):
        raise OperationalError("SELECT secret", {}, Exception("password=hunter2"))

    monkeypatch.setattr(lists, "list_records", fail)
    response = browse("employee").get("/leads")
    assert response.status_code == 503
    assert "secret" not in response.text
    assert "hunter2" not in response.text


def test_what_is_not_visible_answers_like_what_is_not_there(browse, lead_of):
    hidden = lead_of("desk")
    browser = browse("employee")
    theirs = browser.get(f"/leads/{hidden}")
    nobody_s = browser.get("/leads/01890000-0000-7000-8000-000000000000")
    assert theirs.status_code == nobody_s.status_code == 404
    assert _without_ids(theirs.text) == _without_ids(nobody_s.text)


def _without_ids(text):
    kept = (line for line in text.splitlines() if "nonce" not in line and "csrf" not in line)
    return "\n".join(kept)
