"""What analysts do with processes."""

from __future__ import annotations

import re

import pytest

from app.analyst import key_from
from services.actors import SYSTEM
from services.operations import run
from tests.processes.world import as_file, one_task


@pytest.fixture
def deployed(platform):
    """The process ``p`` in version 1."""
    return platform.transact(
        SYSTEM,
        lambda uow: run(uow, "process.deploy", {"files": [as_file(one_task())], "note": "first"}),
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Service request", "service-request"),
        ("  Überweisung & Prüfung ", "uberweisung-prufung"),
        ("Процесс", "process"),
        ("24 hours", "process-24-hours"),
        ("x" * 80, "x" * 60),
    ],
)
def test_a_process_key_is_made_of_the_name(name, key):
    assert key_from(name) == key


def test_a_new_process_is_drawn_from_an_almost_empty_diagram(browse):
    browser = browse("analyst")
    browser.get("/processes")
    made = browser.post("/processes", name='Ask <the> "boss" & go')
    assert made.headers["Location"] == "/processes/ask-the-boss-go/draw"
    page = browser.get("/processes/ask-the-boss-go/draw")
    assert 'data-island="modeller"' in page.text
    assert "ask-the-boss-go" in browser.get("/processes").text


def test_a_new_process_can_be_deployed_as_it_is(browse):
    browser = browse("analyst")
    browser.post("/processes", name="Ask the boss")
    deployed = browser.send("POST", "/processes/ask-the-boss/deploy", {"note": "", "version": 1})
    assert deployed.json == {"redirect": "/processes/ask-the-boss"}
    assert "Version 1" in browser.get("/processes/ask-the-boss").text


@pytest.mark.usefixtures("deployed")
def test_a_name_that_is_taken_is_refused(browse):
    browser = browse("analyst")
    browser.post("/processes", name="P")
    assert "There is a process “p” already." in browser.get("/processes").text


@pytest.mark.usefixtures("deployed")
def test_a_draft_is_saved_checked_and_deployed(browse):
    browser = browse("analyst")
    browser.get("/processes/p/draw")
    xml = as_file(one_task(name="Ask twice"))["content"]
    saved = browser.send("PUT", "/processes/p/draft", {"xml": xml, "version": 0})
    assert saved.json == {"version": 1}
    found = browser.send("POST", "/processes/p/check", {"xml": xml}).json
    assert found["errors"] == []
    deployed = browser.send("POST", "/processes/p/deploy", {"note": "twice", "version": 1})
    assert deployed.json["redirect"] == "/processes/p"
    page = browser.get("/processes/p").text
    assert "Version 2" in page
    assert "twice" in page
    assert "Ask twice" in page
    assert "Ask twice" not in browser.get("/processes/p?version=1").text


@pytest.mark.usefixtures("deployed")
def test_what_is_wrong_is_told_with_element_and_advice(browse):
    browser = browse("analyst")
    xml = as_file(one_task(inner="<oops/>"))["content"].replace("userTask", "complexGateway")
    browser.send("PUT", "/processes/p/draft", {"xml": xml, "version": 0})
    (finding, *_) = browser.send("POST", "/processes/p/check", {"xml": xml}).json["errors"]
    assert finding["element"] == "ask"
    refused = browser.send("POST", "/processes/p/deploy", {"note": "", "version": 1})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["element"] == "ask"
    assert "Go on drawing" in browser.get("/processes/p").text


@pytest.mark.usefixtures("deployed")
def test_a_draft_that_somebody_else_saved_is_a_conflict(browse):
    browser, other = browse("analyst"), browse("administrator")
    xml = as_file(one_task())["content"]
    other.send("PUT", "/processes/p/draft", {"xml": xml, "version": 0})
    response = browser.send("PUT", "/processes/p/draft", {"xml": xml, "version": 0})
    assert response.status_code == 409
    assert "Olga Nilsen" in response.json["detail"]
    assert browser.send("POST", "/processes/p/deploy", {"version": 0}).status_code == 409


@pytest.mark.usefixtures("deployed")
def test_a_draft_is_thrown_away(browse):
    browser = browse("analyst")
    xml = as_file(one_task(name="Ask twice"))["content"]
    browser.send("PUT", "/processes/p/draft", {"xml": xml, "version": 0})
    browser.post("/processes/p/discard")
    assert "Ask twice" not in browser.get("/processes/p/draw").text


@pytest.mark.usefixtures("deployed")
def test_deploying_an_untouched_diagram_changes_nothing(browse):
    browser = browse("analyst")
    response = browser.send("POST", "/processes/p/deploy", {"note": "", "version": 0})
    assert response.json["redirect"] == "/processes/p"
    assert "Nothing was changed" in browser.get("/processes/p").text


@pytest.mark.usefixtures("deployed")
def test_a_version_is_suspended_and_activated_by_an_administrator(browse):
    browser = browse("administrator")
    page = browser.get("/processes/p").text
    suspend = re.search(r'action="([^"]+/suspend)"', page)[1]
    browser.post(suspend)
    assert "Suspended" in browser.get("/processes").text
    browser.post(suspend.replace("suspend", "activate"))
    assert "Suspended" not in browser.get("/processes").text
    assert browser.post(suspend.replace("suspend", "delete")).status_code == 404


def test_a_version_s_diagram_is_a_file(browse, deployed):
    version = deployed["processes"][0]["id"]
    response = browse("analyst").get(f"/processes/-/versions/{version}.bpmn")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert b"<definitions" in response.data


def test_the_modeller_is_offered_the_business_steps(browse):
    offered = browse("analyst").get("/processes/-/element-templates").json
    assert any("deal.move_stage" in str(template) for template in offered)
