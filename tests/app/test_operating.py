"""Administrators mend instances from their pages, migrate them, start them and send messages."""

from __future__ import annotations

import html
import json
import re

import pytest
from sqlalchemy import select

from processes.jobs.worker import drain
from processes.running.instance_tables import HistoryEntry, ProcessInstance, TaskState, WorkItem
from services.actors import SYSTEM
from services.operations import run
from tests.engine.models import Drawing, extension, timer
from tests.processes.world import as_file, form, user_task, with_properties


def drawing(first="ask", last="tell", key="p") -> Drawing:
    made = Drawing(key, name=f"Process {key}").start().end()
    for element, name in ((first, "Ask the customer"), (last, "Tell the boss")):
        made.node("userTask", element, user_task(candidateGroups="Sales"), name=name)
    made.boundary("due", first, timer("PT1H"), cancelActivity="false").end("late")
    return made.path("start", first, last, "end").path("due", "late")


@pytest.fixture
def do(platform):
    """Run an operation as the platform."""
    return lambda name, **raw: platform.transact(SYSTEM, lambda uow: run(uow, name, raw))


@pytest.fixture
def deploy(do):
    def deploy_(*files):
        sent = [one if isinstance(one, dict) else as_file(one) for one in files]
        return do("process.deploy", files=sent)["processes"][0]["id"]

    return deploy_


@pytest.fixture
def start(do):
    return lambda key="p", **raw: do("instance.start", process_key=key, **raw)["instance_id"]


@pytest.fixture
def rows(platform):
    def rows_(model):
        with platform.session() as session:
            return list(session.scalars(select(model).order_by(model.id)))

    return rows_


@pytest.fixture
def open_tasks(rows):
    return lambda: [row.element_id for row in rows(WorkItem) if row.state == TaskState.OPEN]


@pytest.fixture
def state_of(platform):
    def state(key):
        with platform.session() as session:
            return session.get_one(ProcessInstance, key)

    return state


def token_in(page: str) -> str:
    return re.search(r'name="token_id" value="([^"]+)"', page)[1]


def fill_of(page: str, name: str) -> dict[str, str]:
    found = [json.loads(html.unescape(one)) for one in re.findall(r'data-fill="([^"]+)"', page)]
    return next(one for one in found if one["name"] == name)


def test_a_token_is_moved_from_the_panel_of_its_element(browse, deploy, start, open_tasks):
    deploy(drawing())
    key = start()
    browser = browse("administrator")
    panel = browser.get(f"/admin/instances/{key}/element?element=ask").text
    assert "A token waits for somebody" in panel
    assert ">Tell the boss (user task)<" in panel
    sent = {"token_id": token_in(panel), "element_id": "tell", "reason": "on holiday"}
    browser.post(f"/admin/instances/{key}/move_token", **sent)
    assert open_tasks() == ["tell"]
    page = browser.get(f"/admin/instances/{key}").text
    assert "Moved to Tell the boss" in page
    assert "on holiday" in page
    browser.post(f"/admin/instances/{key}/move_token", **sent)
    told = "Olga Nilsen interrupted Ask the customer meanwhile"
    assert told in browser.get(f"/admin/instances/{key}").text


def test_tokens_are_added_and_cancelled_from_the_panel(browse, deploy, start, open_tasks):
    deploy(drawing())
    key = start()
    browser = browse("administrator")
    browser.get(f"/admin/instances/{key}")
    browser.post(f"/admin/instances/{key}/add_token", element_id="tell", reason="both")
    assert open_tasks() == ["ask", "tell"]
    token = token_in(browser.get(f"/admin/instances/{key}/element?element=tell").text)
    browser.post(f"/admin/instances/{key}/cancel_token", token_id=token, reason="not both")
    assert open_tasks() == ["ask"]


def test_an_instance_is_suspended_and_resumed_from_its_menu(browse, deploy, start, state_of):
    deploy(drawing())
    key = start()
    browser = browse("administrator")
    browser.get(f"/admin/instances/{key}")
    browser.post(f"/admin/instances/{key}/suspend", reason="wait for legal")
    assert state_of(key).suspended_at is not None
    page = browser.get(f"/admin/instances/{key}").text
    assert "Suspended</strong> by Olga Nilsen" in page
    assert "wait for legal" in page
    assert "Suspended" in browser.get("/admin/instances?state=suspended").text
    browser.post(f"/admin/instances/{key}/resume", reason="legal says yes")
    assert state_of(key).suspended_at is None
    assert browser.post(f"/admin/instances/{key}/explode", reason="no").status_code == 404


def test_a_command_without_a_reason_says_what_is_missing(browse, deploy, start, state_of):
    deploy(drawing())
    key = start()
    browser = browse("administrator")
    browser.get(f"/admin/instances/{key}")
    browser.post(f"/admin/instances/{key}/suspend", reason="")
    assert state_of(key).suspended_at is None
    assert 'data-toast="bad"' in browser.get(f"/admin/instances/{key}").text


TYPED = {
    "12": 12,
    "null": None,
    "[1, 2]": [1, 2],
    "plain words": "plain words",
    '"12"': "12",
    '=date("2026-05-01")': {"@type": "date", "@value": "2026-05-01"},
}


@pytest.mark.parametrize("typed", list(TYPED))
def test_a_variable_is_set_to_what_was_typed(browse, deploy, start, rows, typed):
    deploy(drawing())
    key = start(variables={"n": 1})
    browser = browse("administrator")
    seen = fill_of(browser.get(f"/admin/instances/{key}").text, "n")["seen"]
    browser.post(f"/admin/instances/{key}/variables", name="n", value=typed, seen=seen, reason="x")
    written = [row.details["values"] for row in rows(HistoryEntry) if row.kind == "variables"]
    assert written[-1] == {"n": TYPED[typed]}


def test_a_variable_that_changed_meanwhile_is_not_written_over(browse, deploy, start, do):
    deploy(drawing())
    key = start(variables={"n": 1})
    browser = browse("administrator")
    browser.get(f"/admin/instances/{key}")
    do("instance.set_variables", instance_id=key, variables={"n": 2}, reason="quicker")
    browser.post(f"/admin/instances/{key}/variables", name="n", value="3", seen="1", reason="x")
    assert "n has changed meanwhile" in browser.get(f"/admin/instances/{key}").text


def test_a_mistaken_expression_is_told_and_nothing_set(browse, deploy, start, rows):
    deploy(drawing())
    key = start()
    browser = browse("administrator")
    browser.get(f"/admin/instances/{key}")
    browser.post(f"/admin/instances/{key}/variables", name="n", value="=1 +", reason="x")
    assert "can&#39;t be read" in browser.get(f"/admin/instances/{key}").text
    assert [row for row in rows(HistoryEntry) if row.kind == "variables"] == []


def test_an_ended_instance_is_restarted_from_an_element(browse, deploy, start, do, open_tasks):
    deploy(drawing())
    key = start(variables={"n": 1})
    do("instance.cancel", instance_id=key)
    browser = browse("administrator")
    page = browser.get(f"/admin/instances/{key}?element=ask").text
    entry = re.search(r'<option value="(\d+)">', page)[1]
    sent = {"element_id": "ask", "variables": "then", "entry_id": entry, "reason": "by mistake"}
    browser.post(f"/admin/instances/{key}/restart", **sent)
    assert open_tasks() == ["ask"]
    assert "Begun again here" in browser.get(f"/admin/instances/{key}").text


def test_history_is_narrowed_and_names_elements(browse, deploy, start, do):
    deploy(drawing())
    key = start()
    do("instance.suspend", instance_id=key, reason="why not")
    browser = browse("administrator")
    page = browser.get(f"/admin/instances/{key}?what=commands").text
    assert ">Suspended<" in page
    assert "Started in version 1" not in page
    everything = browser.get(f"/admin/instances/{key}?what=all&at=ask").text
    assert 'data-show-element="ask">Ask the customer</a>' in everything
    assert "why not" not in everything
    by_nobody = browser.get(f"/admin/instances/{key}?by=Nobody")
    assert "Nothing has happened yet" in by_nobody.text


def test_an_element_that_is_not_there_is_not_found(browse, deploy, start):
    deploy(drawing())
    key = start()
    browser = browse("administrator")
    assert browser.get(f"/admin/instances/{key}/element?element=nowhere").status_code == 404


def test_instances_are_migrated_in_three_steps_and_taken_back(
    platform, browse, deploy, start, rows
):
    old = deploy(drawing())
    for _ in range(2):
        start()
    new = deploy(drawing(first="ask2"))
    browser = browse("administrator")
    assert f"/admin/migrations/new?version={old}" in browser.get("/processes/p").text
    page = browser.get(f"/admin/migrations/new?version={old}").text
    assert "Not in version 2" in page
    assert '<option value="ask2" selected>Ask the customer</option>' in page
    chosen = {"version": old, "target": new, "map:ask": "ask2"}
    tried = browser.post("/admin/migrations/try", **chosen).text
    assert "2 of 2 instances were tried and put back: 2 can go, 0 are blocked" in tried
    back = html.unescape(re.search(r'href="([^"]+)">Back', tried)[1])
    assert '<option value="ask2" selected>' in browser.get(back).text
    assert {str(row.version_id) for row in rows(ProcessInstance)} == {str(old)}
    begun = browser.post("/admin/migrations", **chosen, reason="better words")
    run_page = begun.headers["Location"]
    assert "0 of 2 instances are through" in browser.get(run_page).text
    drain(platform)
    done = browser.get(run_page).text
    assert "Done: 2 of 2 instances are on version 2 now." in done
    assert "better words" in browser.get("/admin/migrations").text
    undone = browser.post(f"{run_page}/undo", reason="worse words").headers["Location"]
    drain(platform)
    assert "Done: 2 of 2 instances are on version 1 now." in browser.get(undone).text
    assert "This run was undone" in browser.get(run_page).text
    assert {str(row.version_id) for row in rows(ProcessInstance)} == {str(old)}


def test_a_dry_run_names_the_elements_that_block(browse, deploy, start, lead_of):
    old = deploy(with_properties(drawing(), "lead"))
    start(record_id=lead_of("employee"))
    new = deploy(with_properties(drawing(first="ask2"), "lead"))
    browser = browse("administrator")
    browser.get(f"/admin/migrations/new?version={old}")
    tried = browser.post("/admin/migrations/try", version=old, target=new).text
    assert ">Kari Nordmann</a>" in tried
    assert "<strong>Ask the customer:</strong> The new version does not have it" in tried
    assert re.search(r'type="submit" disabled>.*Migrate 0 instances', tried)


def test_a_mapping_to_what_is_not_there_comes_back_with_the_reason(browse, deploy, start):
    old = deploy(drawing())
    start()
    new = deploy(drawing(first="ask2"))
    browser = browse("administrator")
    browser.get(f"/admin/migrations/new?version={old}")
    wrong = {"version": old, "target": new, "map:ask": "nowhere"}
    answer = browser.post("/admin/migrations/try", **wrong)
    assert answer.status_code == 422
    assert "no element nowhere" in answer.text


def test_a_run_is_stopped_and_resumed(platform, browse, deploy, start):
    old = deploy(drawing())
    for _ in range(2):
        start()
    new = deploy(drawing(last="tell2"))
    browser = browse("administrator")
    browser.get(f"/admin/migrations/new?version={old}")
    page = browser.post("/admin/migrations", version=old, target=new, reason="x").headers[
        "Location"
    ]
    browser.post(f"{page}/stop", reason="wait")
    drain(platform)
    assert "Stopped: 2 of 2 instances still wait." in browser.get(page).text
    browser.post(f"{page}/stop", reason="again")
    assert "does not go on any more" in browser.get(page).text
    browser.post(f"{page}/resume", reason="go")
    drain(platform)
    assert "Done: 2 of 2" in browser.get(page).text


def test_all_instances_of_a_version_are_suspended_from_its_page(browse, deploy, start, rows):
    version = deploy(drawing())
    for _ in range(2):
        start()
    browser = browse("administrator")
    browser.get("/processes/p")
    place = f"/processes/p/versions/{version}/instances"
    browser.post(f"{place}/suspend_instances", reason="mending")
    assert "2 instances are suspended." in browser.get("/processes/p").text
    assert all(row.suspended_at for row in rows(ProcessInstance))
    browser.post(f"{place}/resume_instances", reason="mended")
    assert not any(row.suspended_at for row in rows(ProcessInstance))


def test_a_process_is_started_by_hand_with_its_record(browse, deploy, lead_of, rows):
    deploy(with_properties(drawing(), "lead"))
    lead = lead_of("employee")
    browser = browse("employee")
    assert "Process p" in browser.get("/start").text
    assert "Search leads" in browser.get("/start/p").text
    assert "Kari Nordmann" in browser.get(f"/start/p?record_id={lead}").text
    answer = browser.post("/start/p", record_id=lead)
    assert answer.headers["Location"] == f"/leads/{lead}"
    (instance,) = rows(ProcessInstance)
    assert (str(instance.record_id), instance.started_by) == (lead, "Anna Berg")


def test_a_start_form_is_checked_and_its_values_become_variables(browse, deploy, rows):
    fields = form("begin", {"key": "wish", "validate": {"required": True}})
    made = Drawing("p", name="Process p").end()
    made.start(inner=extension('<zeebe:formDefinition formId="begin"/>'))
    made.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    deploy(made.path("start", "ask", "end"), {"name": fields[0], "content": fields[1]})
    browser = browse("administrator")
    assert 'data-island="form"' in browser.get("/start/p").text
    refused = browser.send("POST", "/start/p", {"data": {}})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["wish"])
    assert rows(ProcessInstance) == []
    begun = browser.send("POST", "/start/p", {"data": {"wish": "a door"}})
    (instance,) = rows(ProcessInstance)
    assert begun.json["redirect"] == f"/admin/instances/{instance.id}"
    assert "a door" in browser.get(begun.json["redirect"]).text


def test_variables_typed_by_an_administrator_are_taken(browse, deploy, rows):
    deploy(drawing())
    browser = browse("administrator")
    browser.get("/start/p")
    assert browser.post("/start/p", variables="[1]").status_code == 422
    page = browser.post("/start/p", variables='{"urgent": true}').headers["Location"]
    assert "<code>urgent</code>" in browser.get(page).text


def test_a_process_that_begins_by_an_event_is_not_offered(browse, deploy):
    made = Drawing("p", name="Process p").end().message("m", "lead.created")
    made.start(inner='<messageEventDefinition messageRef="m"/>')
    made.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    deploy(with_properties(made.path("start", "ask", "end"), "lead"))
    browser = browse("employee")
    assert "No process is started by hand" in browser.get("/start").text
    assert browser.get("/start/p").status_code == 404


def hearing() -> Drawing:
    made = Drawing("p", name="Process p").start().end().message("m", "parts.arrived", "=order")
    return made.node("receiveTask", "hear", messageRef="m").path("start", "hear", "end")


def test_a_message_is_sent_to_who_waits_and_kept_for_who_comes(
    platform, browse, deploy, start, state_of
):
    deploy(hearing())
    key = start(variables={"order": "first-order"})
    browser = browse("administrator")
    assert "<code>parts.arrived</code>" in browser.get("/admin/messages").text
    sent = {"kind": "message", "name": "parts.arrived", "payload": '{"count": 3}'}
    browser.post("/admin/messages", **sent, keys='{"order": "first-order"}')
    browser.post("/admin/messages", **sent, keys='{"order": "second-order"}')
    drain(platform)
    assert state_of(key).state == "completed"
    page = browser.get("/admin/messages").text
    assert "second-order" in page
    assert "first-order" not in re.search(r"Buffered messages.*", page, re.DOTALL)[0]
    browser.post(re.search(r'action="(/admin/messages/[^"]+/delete)"', page)[1])
    assert "second-order" not in browser.get("/admin/messages").text


def test_a_message_with_mistakes_comes_back_with_them(browse):
    browser = browse("administrator")
    browser.get("/admin/messages")
    answer = browser.post("/admin/messages", kind="message", name="x", keys="{", payload="[1]")
    assert answer.status_code == 422
    assert "Write a JSON object" in answer.text
    assert 'value="x"' in answer.text


def test_a_signal_reaches_all_that_wait(platform, browse, deploy, start, state_of):
    made = Drawing("p", name="Process p").start().end().declare('<signal id="s" name="closing"/>')
    signal = '<signalEventDefinition signalRef="s"/>'
    deploy(made.node("intermediateCatchEvent", "hear", signal).path("start", "hear", "end"))
    keys = [start(), start()]
    browser = browse("administrator")
    browser.get("/admin/messages")
    browser.post("/admin/messages", kind="signal", name="closing")
    drain(platform)
    assert {state_of(key).state for key in keys} == {"completed"}


def test_the_task_of_a_suspended_process_is_seen_but_not_completed(browse, deploy, start, rows, do):
    deploy(drawing())
    key = start()
    (task,) = rows(WorkItem)
    browser = browse("employee")
    assert ">Complete</button>" in browser.get(f"/tasks/{task.id}").text
    do("instance.suspend", instance_id=key, reason="wait")
    page = browser.get(f"/tasks/{task.id}").text
    assert "The process of this task is suspended" in page
    assert ">Complete</button>" not in page
    refused = browser.send("POST", f"/tasks/{task.id}/complete", {"data": {}})
    assert (refused.status_code, refused.json["code"]) == (409, "suspended")


def test_the_history_is_told_over_the_api_page_by_page(api, deploy, start, do):
    deploy(drawing())
    key = start()
    for verb in ("suspend", "resume"):
        do(f"instance.{verb}", instance_id=key, reason=f"to {verb}")
    call = api("administrator")
    found = call("GET", f"/instances/{key}/history?view=commands&limit=1").json
    assert [one["title"] for one in found["items"]] == ["Resumed"]
    older = call("GET", f"/instances/{key}/history?view=commands&before={found['older']}").json
    assert [one["text"] for one in older["items"]] == ["to suspend"]
    assert older["older"] is None
    assert call("GET", f"/instances/{key}/history?view=nothing").status_code == 422
