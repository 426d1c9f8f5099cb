"""Added fields and types in diagrams and task forms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from processes.deploying.element_templates import element_templates
from processes.deploying.findings import ModelRejected
from services.essentials import seed_essentials
from services.records.types import get_record
from tests.engine.models import Drawing, mapped, service
from tests.processes.world import form, one_task, user_task, with_properties


@pytest.fixture(autouse=True)
def budget(world):
    """Deals have a budget."""
    world.ask(seed_essentials)
    world.do("custom_field.create", record_type="deal", label="Budget", kind="decimal")


def sets(**inputs):
    drawing = with_properties(Drawing("p"), "deal")
    drawing.start().end()
    work = mapped(inputs={"deal_id": "=deal.id", **inputs})
    drawing.node("serviceTask", "set", service("deal.update", work))
    return drawing.path("start", "set", "end")


def test_a_diagram_reads_a_field_live_and_sets_it(world):
    world.deploy(sets(c_budget="=deal.c_budget * 2"))
    deal = world.do("deal.create", name="D", c_budget="21")
    world.start("p", deal.id)
    world.drain()
    assert world.ask(get_record, "deal", deal.id).c_budget == Decimal(42)


def test_a_diagram_is_refused_when_it_sets_a_field_that_is_retired(world):
    field = world.do("custom_field.create", record_type="deal", label="Gone", kind="text")
    world.do("custom_field.retire", field_id=str(field["id"]))
    with pytest.raises(ModelRejected):
        world.deploy(sets(c_gone="x"))


def test_a_form_of_a_task_shows_and_writes_a_field(world):
    drawing = with_properties(one_task(inner=user_task("f", candidateGroups="Sales")), "deal")
    world.deploy(drawing, form("f", {"key": "deal.c_budget", "type": "number"}))
    deal = world.do("deal.create", name="D", c_budget="1")
    world.start("p", deal.id)
    (task,) = world.tasks()
    world.do("task.complete", "maria", task_id=str(task.id), data={"deal": {"c_budget": 5}})
    assert world.ask(get_record, "deal", deal.id).c_budget == Decimal(5)


def test_the_modeller_offers_added_fields_and_types(world):
    world.do("custom_type.create", label="Project", plural="Projects")
    templates = {one["id"]: one for one in element_templates()}
    assert "lanewise.x_project.create" in templates
    names = {one.get("id") for one in templates["lanewise.deal.update"]["properties"]}
    assert "c_budget" in names


def test_a_process_makes_and_is_about_a_record_of_an_added_type(world):
    world.do("custom_type.create", label="Project", plural="Projects")
    drawing = with_properties(Drawing("p"), "x_project")
    drawing.start().end()
    work = mapped(inputs={"x_project_id": "=x_project.id", "name": '=x_project.name + "!"'})
    drawing.node("serviceTask", "set", service("x_project.update", work))
    world.deploy(drawing.path("start", "set", "end"))
    made = world.do("x_project.create", name="Rollout")
    world.start("p", made.id)
    world.drain()
    assert world.ask(get_record, "x_project", made.id).name == "Rollout!"
