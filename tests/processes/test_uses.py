"""What an administrator takes away is looked for in the processes that count."""

from __future__ import annotations

import pytest

from processes.running.uses import find_uses
from services.crm.pipelines import all_stages
from services.errors import Conflict
from services.essentials import seed_essentials
from services.records.named import Named
from tests.engine.models import Drawing, extension, mapped, service
from tests.processes.test_record_starts import begins
from tests.processes.world import form, one_task, table, user_task, with_properties

OFFER = Named("deal", "stage", "offer")


@pytest.fixture(autouse=True)
def pipeline(world):
    """Deals need one."""
    world.ask(seed_essentials)


def texts(world, *names):
    return [use.text for use in world.ask(find_uses, list(names))]


def moves(stage="offer", process_id="p", name="Move it"):
    drawing = with_properties(Drawing(process_id, name=f"Process {process_id}"), "deal")
    work = mapped(inputs={"deal_id": "=deal.id", "stage": stage})
    drawing.start().end().node("serviceTask", "move", service("deal.move_stage", work), name=name)
    return drawing.path("start", "move", "end")


def asks(condition, process_id="p"):
    """Return a process with a gateway that asks for a condition."""
    drawing = with_properties(Drawing(process_id, name=f"Process {process_id}"), "deal")
    drawing.start().node("exclusiveGateway", "which", default="which-end").end()
    drawing.node("userTask", "task", user_task(candidateGroups="Sales"), name="Ask")
    drawing.flow("start", "which").flow("which", "task", condition)
    return drawing.flow("which", "end").flow("task", "end")


def stage_id(world, key):
    return next(one.id for one in world.ask(all_stages) if one.key == key)


@pytest.mark.parametrize("stage", ["offer", '=if deal.amount > 1 then "offer" else "needs"'])
def test_a_stage_is_found_when_a_step_moves_deals_to_it(world, stage):
    world.deploy(moves(stage))
    assert texts(world, OFFER) == ["“Process p”, version 1 (in force): Move it"]
    assert texts(world, Named("deal", "stage", "won"), Named("deal", "name", "offer")) == []


IN_LIST = '=list contains(["offer"], deal.stage)'


@pytest.mark.parametrize("condition", ['=deal.stage = "offer"', 'deal.stage == "offer"', IN_LIST])
def test_a_stage_is_found_when_a_condition_asks_for_it(world, condition):
    world.deploy(asks(condition))
    assert texts(world, OFFER) == ["“Process p”, version 1 (in force): the way to Ask"]


def test_a_word_alone_is_no_stage(world):
    world.deploy(asks('=deal.name = "offer"'), moves("won", "offer", name="offer"))
    assert texts(world, OFFER) == []


def test_a_stage_is_found_when_a_start_event_waits_for_it(world):
    world.deploy(begins(where='{"field": "stage", "op": "eq", "value": "offer"}'))
    assert len(texts(world, OFFER)) == 1


def test_a_field_is_found_when_a_form_or_decision_reads_it(world):
    shown = form("f", {"key": "deal.needs", "label": "Needs"})
    drawing = with_properties(Drawing("p", name="Process p"), "deal").start().end()
    drawing.node("userTask", "ask", user_task("f", candidateGroups="Sales"), name="Ask")
    rate = extension('<zeebe:calledDecision decisionId="rate" resultVariable="rate"/>')
    drawing.node("businessRuleTask", "rate", rate)
    rules = table("rate", ("&gt; 1", '"gold"'), ("&lt;= 1", '"none"'))
    world.deploy(drawing.path("start", "ask", "rate", "end"), shown, rules)
    where = "“Process p”, version 1 (in force)"
    assert texts(world, Named("deal", "needs")) == [f"{where}: the form f"]
    assert texts(world, Named("deal", "amount", "gold")) == [f"{where}: the decision rate"]


def test_a_former_version_counts_while_instances_run_on_it(world):
    drawing = moves()
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    drawing.parts = [part for part in drawing.parts if "sequenceFlow" not in part]
    world.deploy(drawing.path("start", "ask", "move", "end"))
    world.start("p", world.do("deal.create", "anna", name="Windows").id)
    world.deploy(with_properties(one_task("p"), "deal"))
    assert texts(world, OFFER) == ["“Process p”, version 1 (1 running): Move it"]
    world.complete("Ask", "anna")
    assert texts(world, OFFER) == []


def test_a_stage_goes_only_when_that_was_confirmed(world):
    world.deploy(moves())
    for operation in ("stage.archive", "stage.delete"):
        with pytest.raises(Conflict, match="Process p") as refused:
            world.do(operation, stage_id=stage_id(world, "offer"))
        assert refused.value.code == "still_used"
    world.do("stage.delete", stage_id=stage_id(world, "offer"), even_if_used=True)
    assert "offer" not in {one.key for one in world.ask(all_stages)}


def test_a_pipeline_goes_only_when_that_was_confirmed(world):
    pipeline = world.do("pipeline.create", name="Partners")
    (first,) = [
        one for one in world.ask(all_stages) if one.name == "New" and one.pipeline_id == pipeline.id
    ]
    world.deploy(moves(first.key))
    with pytest.raises(Conflict, match="Process p"):
        world.do("pipeline.archive", pipeline_id=pipeline.id)
    world.do("pipeline.archive", pipeline_id=pipeline.id, even_if_used=True)


def test_a_choice_or_field_goes_only_when_that_was_confirmed(world):
    choices = [{"label": "North", "value": "north"}, {"label": "South", "value": "south"}]
    raw = {"record_type": "deal", "label": "Region", "kind": "choice", "choices": choices}
    field = world.do("custom_field.create", **raw)
    world.deploy(asks('=deal.c_region = "north"'))
    key = field["id"]
    world.do("custom_field.update", field_id=key, choices=choices[:1])
    gone = {"field_id": key, "choices": [{**choices[0], "retired": True}, {"label": "East"}]}
    with pytest.raises(Conflict, match="the way to Ask"):
        world.do("custom_field.update", **gone)
    world.do("custom_field.update", **gone, even_if_used=True)
    with pytest.raises(Conflict, match="the way to Ask"):
        world.do("custom_field.retire", field_id=key)
    assert world.do("custom_field.retire", field_id=key, even_if_used=True)["retired_at"]
