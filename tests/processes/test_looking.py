"""What people see of instances, and what the modeller is given."""

import json
from dataclasses import replace

import pytest

from processes.deploying.element_templates import element_templates
from processes.running.instances import instance_view, instances_of_record, list_instances
from processes.running.pictures import OPAQUE
from services.errors import Invalid, NotFound
from services.rights.reach import RecordRights, RoleRules, Scope
from tests.engine.models import Drawing, mapped, timer
from tests.processes.world import one_task, user_task, with_properties


def broken(world):
    """Start a process about a lead with an open task beside a failed step."""
    drawing = with_properties(Drawing("p"), "lead").start().end()
    drawing.node("parallelGateway", "fork").path("start", "fork")
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    drawing.boundary("due", "ask", timer("P1D")).flow("due", "end")
    bad = mapped({"lead_id": "=lead.id", "status": "qualified"})
    drawing.service("bad", "lead.update", bad)
    drawing.flow("fork", "ask").flow("fork", "bad").flow("ask", "end").flow("bad", "end")
    world.deploy(drawing)
    lead = world.do("lead.create", name="Ann")
    return lead.id, world.start("p", lead.id, secret="value")


def test_the_picture_shows_tokens_past_and_failures(world):
    _, instance = broken(world)
    view = world.ask(instance_view, instance, actor="olga")
    tokens = {(one["element_id"], one["state"]): one["count"] for one in view.picture["tokens"]}
    assert tokens == {("ask", "active"): 1, ("bad", "failed"): 1}
    assert view.picture["completed"] == ["fork", "start"]
    assert view.picture["taken"] == ["fork-ask", "fork-bad", "start-fork"]
    (failed,) = view.picture["failed"]
    assert (failed["element_id"], "Qualified" in failed["message"]) == ("bad", True)
    assert "<definitions" in view.picture["xml"]
    assert view.variables == {"secret": "value"}
    assert [one.element_id for one in view.open_incidents] == ["bad"]


def test_an_employee_sees_the_picture_without_causes_and_variables(world):
    lead, instance = broken(world)
    view = world.ask(instance_view, instance, actor="maria")
    assert [one["message"] for one in view.picture["failed"]] == [OPAQUE]
    assert (view.variables, view.open_incidents) == ({}, ())
    (item,) = world.ask(instances_of_record, "lead", lead, actor="maria")
    assert (item.id, item.incidents, item.record_title) == (instance, 1, "Ann")


def test_the_picture_tells_no_place_when_the_status_of_the_record_is_hidden(world):
    _, instance = broken(world)
    rules = RoleRules({"*": {"read": "all"}}, {"lead": {"status": "hidden"}})
    clerk = replace(world.people["maria"], rights=RecordRights({"clerk": rules}, Scope.ALL))
    view = world.ask(instance_view, instance, actor=clerk)
    assert not view.tells_place
    told = [view.picture[name] for name in ("tokens", "completed", "taken", "failed")]
    assert told == [[], [], [], []]
    assert "<definitions" in view.picture["xml"]


def test_an_instance_is_not_found_by_those_who_do_not_see_its_record(world):
    lead, instance = broken(world)
    with pytest.raises(NotFound):
        world.ask(instance_view, instance, actor="sven")
    with pytest.raises(NotFound):
        world.ask(instances_of_record, "lead", lead, actor="sven")
    world.deploy(one_task("q"))
    without_record = world.start("q")
    with pytest.raises(NotFound):
        world.ask(instance_view, without_record, actor="maria")
    with pytest.raises(NotFound):
        world.ask(list_instances, actor="maria")


def test_an_ended_instance_is_shown_with_its_past_alone(world):
    world.deploy(one_task())
    instance = world.start("p")
    world.complete("Ask", "anna")
    view = world.ask(instance_view, instance, actor="olga")
    assert (view.state, view.picture["tokens"]) == ("completed", [])
    assert view.picture["completed"] == ["ask", "end", "start"]


def test_instances_are_listed_newest_first_in_pages(world):
    world.deploy(one_task())
    started = [world.start("p") for _ in range(5)]
    first = world.ask(list_instances, actor="olga", limit=2)
    assert [item.id for item in first.items] == started[:2:-1]
    second = world.ask(list_instances, None, first.next_cursor, actor="olga", limit=2)
    assert [item.id for item in second.items] == started[2:0:-1]
    back = world.ask(list_instances, None, second.previous_cursor, actor="olga", limit=2)
    assert back.items == first.items
    assert (first.total, first.total_is_capped) == (5, False)


def test_instances_are_filtered(world):
    broken(world)
    world.deploy(one_task("q"))
    world.start("q")

    def keys(**filters):
        page = world.ask(list_instances, filters, actor="olga")
        return [item.process_key for item in page.items]

    assert keys(process="q") == ["q"]
    assert keys(incidents="open") == ["p"]
    assert keys(state="completed") == []
    with pytest.raises(Invalid):
        keys(colour="red")


def test_templates_offer_every_operation_that_diagrams_may_use(world):
    templates = {one["id"]: one for one in element_templates()}
    assert "lanewise.lead.update" in templates
    assert "lanewise.user.create" not in templates
    assert json.dumps(list(templates.values()))
    update = templates["lanewise.lead.update"]
    assert update["properties"][0] == {
        "type": "Hidden",
        "value": "lead.update",
        "binding": {"type": "zeebe:taskDefinition:type"},
    }
    fields = {one.get("id"): one for one in update["properties"]}
    assert fields["lead_id"]["constraints"] == {"notEmpty": True}
    assert fields["lead_id"]["value"] == "=lead.id"
    assert fields["status"]["type"] == "Dropdown"
    assert (fields["wishes"]["type"], fields["grade"]["type"]) == ("Text", "String")
    assert templates["lanewise.mail.send"]["elementType"] == {"value": "bpmn:SendTask"}
    for name in ("lanewise.task", "lanewise.timer.wait", "lanewise.timer.limit"):
        bindings = [one["binding"] for one in templates[name]["properties"]]
        assert {"type": "zeebe:property", "name": "calendar"} in bindings
