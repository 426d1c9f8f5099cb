"""The inbox and what is done to tasks from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import select

from processes.running.instance_tables import WorkItem
from services.actors import SYSTEM
from services.operations import run
from services.platform import Platform
from tests.processes.world import as_file, form, one_task, user_task, with_properties

COUNT = re.compile(r'id="inbox-count"[^>]*>(\d*)<')


@dataclass
class Tasks:
    """A deployed process with one task, and short ways to its tasks."""

    platform: Platform

    def do(self, name, **arguments):
        return self.platform.transact(SYSTEM, lambda uow: run(uow, name, arguments))

    def start(self, record_id=None) -> UUID:
        """Start the process and return the key of its task."""
        self.do("instance.start", process_key="p", record_id=record_id)
        with self.platform.session() as session:
            return session.scalars(select(WorkItem.id).order_by(WorkItem.id.desc())).first()

    def state(self, key: UUID) -> str:
        with self.platform.session() as session:
            return session.get_one(WorkItem, key).state


@pytest.fixture
def tasks(platform) -> Callable[..., Tasks]:
    """Deploy the process; ``record`` is what it is about, ``field`` what its form asks for."""

    def deploy(record=None, field=None) -> Tasks:
        found = Tasks(platform)
        inner = user_task("ask" if field else None, candidateGroups="Sales")
        drawing = one_task(inner=inner)
        if record:
            drawing = with_properties(drawing, record)
        files = [drawing, *([form("ask", field)] if field else [])]
        found.do("process.deploy", files=[as_file(one) for one in files])
        return found

    return deploy


def test_a_task_of_my_group_is_under_my_groups(browse, tasks):
    tasks().start()
    browser = browse("employee")
    assert "All done" in browser.get("/").text
    assert "Ask" in browser.get("/?view=groups").text
    assert "Nothing waits" in browse("desk").get("/?view=groups").text


def test_a_task_is_mine_once_i_took_it(browse, tasks):
    key = tasks().start()
    browser, colleague = browse("employee"), browse("colleague")
    page = browser.get(f"/?view=groups&task={key}")
    assert "Take it" in page.text
    taken = browser.post(f"/tasks/{key}/claim?beside=1&view=groups")
    assert taken.headers["Location"] == f"/?view=groups&task={key}"
    assert "Give it back" in browser.get(f"/?task={key}").text
    assert COUNT.search(browser.get("/leads").text)[1] == "1"
    assert "Nothing waits" in colleague.get("/?view=groups").text


def test_a_task_goes_back_to_the_queue_when_it_is_given_back(browse, tasks):
    key = tasks().start()
    browser = browse("employee")
    browser.post(f"/tasks/{key}/claim")
    browser.post(f"/tasks/{key}/unclaim")
    assert "Ask" in browse("colleague").get("/?view=groups").text


def test_a_taken_task_can_not_be_taken_again(browse, tasks):
    key = tasks().start()
    browse("employee").post(f"/tasks/{key}/claim")
    colleague = browse("colleague")
    colleague.post(f"/tasks/{key}/claim")
    assert "Anna Berg has taken this task." in colleague.get(f"/tasks/{key}").text


def test_completing_shows_the_next_task(browse, tasks):
    known = tasks()
    first, second = known.start(), known.start()
    browser = browse("employee")
    response = browser.send("POST", f"/tasks/{first}/complete", {"data": {}})
    assert response.json == {"redirect": f"/?view=groups&task={second}"}
    page = browser.get(response.json["redirect"])
    assert "Done: Ask." in page.text
    assert known.state(first) == "completed"


def test_completing_the_last_task_goes_back_to_the_list(browse, tasks):
    key = tasks().start()
    browser = browse("employee")
    assert browser.post(f"/tasks/{key}/complete").headers["Location"] == "/"
    assert "All done" in browser.get("/").text


def test_the_form_of_a_task_is_in_its_pane(browse, tasks):
    key = tasks(field={"key": "colour", "label": "Colour"}).start()
    page = browse("employee").get(f"/tasks/{key}")
    assert 'data-island="form"' in page.text
    assert "colour" in page.text
    assert f"/tasks/{key}/complete" in page.text


def test_what_breaks_the_form_is_refused_at_its_field(browse, tasks):
    key = tasks(field={"key": "age", "type": "number", "validate": {"min": 18}}).start()
    response = browse("employee").send("POST", f"/tasks/{key}/complete", {"data": {"age": 3}})
    assert response.status_code == 422
    assert list(response.json["errors"]) == ["age"]


def test_the_second_to_complete_is_told_who_was_quicker(browse, tasks):
    key = tasks().start()
    browser, colleague = browse("employee"), browse("colleague")
    colleague.send("POST", f"/tasks/{key}/complete", {"data": {}})
    response = browser.send("POST", f"/tasks/{key}/complete", {"data": {}})
    assert response.status_code == 409
    assert response.json["detail"] == "Boris Demir completed this task a moment ago."


def test_a_record_field_of_the_form_is_written(platform, browse, tasks, lead_of, as_person):
    lead = lead_of("employee")
    key = tasks("lead", {"key": "lead.company"}).start(lead)
    browser = browse("employee")
    version = re.search(r'"version":\s*(\d+)', browser.get(f"/tasks/{key}").text)[1]
    body = {"data": {"lead": {"company": "Fjord Hotell"}}, "version": int(version)}
    assert browser.send("POST", f"/tasks/{key}/complete", body).status_code == 200
    assert "Fjord Hotell" in browser.get(f"/leads/{lead}").text


def test_a_record_that_somebody_changed_meanwhile_is_not_overwritten(
    browse, tasks, lead_of, as_person
):
    lead = lead_of("employee")
    key = tasks("lead", {"key": "lead.company"}).start(lead)
    as_person("employee", "lead.update", {"lead_id": lead, "company": "Theirs"})
    body = {"data": {"lead": {"company": "Mine"}}, "version": 1}
    response = browse("employee").send("POST", f"/tasks/{key}/complete", body)
    assert response.status_code == 409
    assert response.json["code"] == "stale_version"


def test_another_group_s_task_is_not_found(browse, tasks):
    key = tasks().start()
    stranger = browse("desk")
    assert stranger.get(f"/tasks/{key}").status_code == 404
    assert stranger.send("POST", f"/tasks/{key}/complete", {}).status_code == 404
    assert "no longer here" in stranger.get(f"/?task={key}").text


def test_the_pane_of_a_closed_task_says_by_whom(browse, tasks):
    key = tasks().start()
    browser = browse("employee")
    browser.post(f"/tasks/{key}/complete")
    assert "This task is completed by Anna Berg." in browser.get(f"/tasks/{key}").text


def test_the_record_is_summed_up_beside_its_task(browse, tasks, lead_of):
    key = tasks("lead").start(lead_of("employee", company="Fjord Hotell"))
    page = browse("employee").get(f"/?view=groups&task={key}")
    assert "Kari Nordmann" in page.text
    assert "Open lead" in page.text


def test_a_list_that_makes_no_sense_is_refused(browse):
    assert browse("employee").get("/?view=theirs").status_code == 422


def test_searching_narrows_the_list(browse, tasks):
    tasks().start()
    browser = browse("employee")
    assert "Nothing matches" in browser.get("/?view=groups&q=paint").text
    assert "Process p" in browser.get("/?view=groups&q=as").text
