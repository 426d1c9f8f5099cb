"""Pipelines and stages as administrators change them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from services.actors import SYSTEM
from services.crm import stages
from services.crm.deal_model import DEAL, Deal
from services.crm.deal_stays import stays_of
from services.crm.pipelines import all_stages, default_pipeline, list_pipelines, list_stages
from services.errors import Conflict, Invalid, NotAllowed
from services.operations import run


@pytest.fixture
def sales(staff):
    return staff.ask(default_pipeline)


def keys(desk, pipeline):
    return [one.key for one in desk.ask(list_stages, pipeline.id) if one.archived_at is None]


def stage(desk, key):
    return desk.ask(lambda uow: next(one for one in all_stages(uow) if one.key == key))


def test_only_administrators_change_pipelines_when_others_try(staff):
    with pytest.raises(NotAllowed):
        staff.do("pipeline.create", "maria", name="Service")
    staff.do("pipeline.create", "olga", name="Service")


def test_a_new_pipeline_has_stages_of_its_own_when_it_is_made(staff, sales):
    service = staff.do("pipeline.create", name="Service")
    assert keys(staff, service) == ["new_2", "on_hold_2", "won_2", "lost_2"]
    twin = staff.do("pipeline.create", name="Twin", copy_of=sales.id)
    assert len(keys(staff, twin)) == len(keys(staff, sales))
    with pytest.raises(Invalid):
        staff.do("pipeline.create", name="service")


def test_deals_begin_in_the_default_pipeline_when_none_is_named(staff, sales):
    service = staff.do("pipeline.create", name="Service")
    assert staff.do("deal.create", name="a").pipeline_id == sales.id
    assert staff.do("deal.create", name="b", pipeline_id=service.id).stage == "new_2"
    staff.do("pipeline.make_default", pipeline_id=service.id)
    assert staff.do("deal.create", name="c").pipeline_id == service.id
    with pytest.raises(Conflict):
        staff.do("pipeline.archive", pipeline_id=service.id)


def test_a_pipeline_stays_in_use_when_open_deals_are_in_it(staff):
    service = staff.do("pipeline.create", name="Service")
    deal = staff.do("deal.create", name="b", pipeline_id=service.id)
    with pytest.raises(Conflict, match="1 open deals"):
        staff.do("pipeline.archive", pipeline_id=service.id)
    staff.do("deal.lose", deal_id=deal.id, reason="Price")
    staff.do("pipeline.archive", pipeline_id=service.id)
    assert len(staff.ask(list_pipelines)) == 1
    with pytest.raises(Conflict):
        staff.do("deal.create", name="c", pipeline_id=service.id)
    staff.do("pipeline.restore", pipeline_id=service.id)
    assert len(staff.ask(list_pipelines)) == 2


def test_no_deal_goes_on_in_a_pipeline_when_it_is_archived(staff, sales):
    service = staff.do("pipeline.create", name="Service")
    lost, binned = (
        staff.do("deal.create", name=name, pipeline_id=service.id) for name in ("lost", "binned")
    )
    staff.do("deal.lose", deal_id=lost.id, reason="Price")
    about = {"record_type": "deal", "record_id": binned.id}
    staff.do("record.delete", **about)
    staff.do("pipeline.archive", pipeline_id=service.id)
    for operation, raw in (
        ("deal.reopen", {"deal_id": lost.id}),
        ("record.restore", about),
        ("deal.create", {"name": "new", "pipeline_id": service.id}),
    ):
        with pytest.raises(Conflict, match="Service is archived"):
            staff.do(operation, **raw)
    staff.do("deal.move_pipeline", deal_id=lost.id, pipeline_id=sales.id)
    assert staff.do("deal.reopen", deal_id=lost.id).closed_at is None


def test_a_pipeline_is_not_archived_when_a_deal_enters_at_the_same_moment(staff, sales):
    deal = staff.do("deal.create", name="a")
    staff.do("deal.lose", deal_id=deal.id, reason="Price")

    def work(uow):
        run(uow, "deal.reopen", {"deal_id": str(deal.id)})
        with staff.platform.engine.connect() as other, pytest.raises(OperationalError):
            other.execute(text("SELECT FROM pipelines FOR UPDATE NOWAIT"))

    staff.ask(work)


def test_pipelines_change_places_when_all_are_named_once(staff, sales):
    service = staff.do("pipeline.create", name="Service")
    staff.do("pipeline.reorder", pipeline_ids=[service.id, sales.id])
    assert [one.name for one in staff.ask(list_pipelines)] == ["Service", "Sales"]
    with pytest.raises(Invalid):
        staff.do("pipeline.reorder", pipeline_ids=[service.id, service.id])


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Démo & Trial", "demo_trial"),
        ("Won", "won_2"),
        ("Хэлцэл", "stage"),
        ("2nd call", "stage_2nd_call"),
    ],
)
def test_a_key_is_made_when_a_stage_is_named(staff, sales, name, key):
    service = staff.do("pipeline.create", name="Service")
    staff.do("stage.delete", stage_id=stage(staff, "on_hold_2").id)
    staff.do("stage.update", stage_id=stage(staff, "won_2").id, name="Signed")
    with pytest.raises(Invalid):
        staff.do("stage.create", pipeline_id=service.id, name="x", key="new")
    made = staff.do("stage.create", pipeline_id=service.id, name=name)
    assert made.key == (key if key != "won_2" else "won_3")
    assert keys(staff, service).index(made.key) == 1


def test_no_stage_is_added_when_a_pipeline_is_full(staff, sales, monkeypatch):
    monkeypatch.setattr(stages, "MAX_STAGES", len(keys(staff, sales)))
    with pytest.raises(Conflict, match="at most"):
        staff.do("stage.create", pipeline_id=sales.id, name="One more")


def test_the_choices_of_the_stage_are_those_there_are_when_one_is_added(staff, sales):
    staff.do("stage.create", pipeline_id=sales.id, name="Site visit", probability=30)
    choices = DEAL.field("stage").choices
    assert choices["site_visit"] == "Site visit"
    assert list(choices)[-3:] == ["on_hold", "won", "lost"]
    staff.do("stage.update", stage_id=stage(staff, "site_visit").id, name="Survey")
    assert choices["site_visit"] == "Survey"


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"name": "offer"}, "name"),
        ({"required_fields": ["nothing"]}, "required_fields"),
        ({"required_fields": ["won_at"]}, "required_fields"),
        ({"condition": "deal.amount >"}, "condition"),
        ({"condition": "deal.nothing = 1"}, "condition"),
        ({"condition": "account.name = 1"}, "condition"),
        ({"colour": "red"}, "colour"),
        ({"rotting_days": 0}, "rotting_days"),
        ({"probability": 101}, "probability"),
        ({"category": "nowhere"}, "category"),
    ],
)
def test_a_stage_is_refused_when_it_makes_no_sense(staff, values, wrong):
    with pytest.raises(Invalid) as caught:
        staff.do("stage.update", stage_id=stage(staff, "needs").id, **values)
    assert set(caught.value.fields) in ({wrong}, {f"{wrong}.0"})


def test_a_stage_stays_when_deals_are_in_it(staff):
    deal = staff.do("deal.create", name="a", stage="needs")
    needs = stage(staff, "needs")
    with pytest.raises(Conflict, match="1 deals"):
        staff.do("stage.delete", stage_id=needs.id)
    with pytest.raises(Invalid):
        staff.do("stage.delete", stage_id=needs.id, move_to="won")
    with pytest.raises(Invalid):
        staff.do("stage.update", stage_id=needs.id, category="won")
    staff.do("stage.delete", stage_id=needs.id, move_to="offer")
    moved = staff.ask(lambda uow: uow.get(Deal, deal.id))
    assert (moved.stage, moved.probability) == ("offer", 40)
    assert [one.stage for one in staff.ask(stays_of, deal.id)] == ["needs", "offer"]


def test_no_deal_enters_when_a_stage_is_archived(staff, sales):
    inside = staff.do("deal.create", name="a", stage="needs")
    staff.do("stage.archive", stage_id=stage(staff, "needs").id)
    other = staff.do("deal.create", name="b")
    with pytest.raises(Conflict):
        staff.do("deal.move_stage", deal_id=other.id, stage="needs")
    staff.do("deal.move_stage", deal_id=inside.id, stage="offer")
    staff.do("stage.restore", stage_id=stage(staff, "needs").id)
    staff.do("deal.move_stage", deal_id=other.id, stage="needs")


@pytest.mark.parametrize("operation", ["stage.archive", "stage.delete"])
def test_the_last_stage_of_its_kind_stays_when_it_is_taken_away(staff, operation):
    with pytest.raises(Conflict):
        staff.do(operation, stage_id=stage(staff, "won").id)


def test_stages_change_places_when_all_are_named_once(staff, sales):
    order = keys(staff, sales)
    order[1], order[2] = order[2], order[1]
    staff.do("stage.reorder", pipeline_id=sales.id, stages=order)
    assert keys(staff, sales) == order
    with pytest.raises(Invalid):
        staff.do("stage.reorder", pipeline_id=sales.id, stages=order[1:])
    with pytest.raises(Invalid):
        staff.do("stage.reorder", pipeline_id=sales.id, stages=[*order, order[0]])


def test_a_reason_is_refused_when_it_is_there_already(staff):
    with pytest.raises(Invalid):
        staff.do("lost_reason.create", name="price")
    made = staff.do("lost_reason.create", name="Moved away")
    staff.do("lost_reason.delete", lost_reason_id=made.id)


def test_one_open_stage_is_left_when_two_archive_the_last_ones_at_once(staff, sales):
    *more, last, other = [one for one in staff.ask(list_stages, sales.id) if one.category == "open"]
    for one in more:
        staff.do("stage.archive", stage_id=one.id)
    both_are_done = Barrier(2, timeout=0.5)

    def archive(one):
        def work(uow):
            run(uow, "stage.archive", {"stage_id": one.id})
            with suppress(BrokenBarrierError):  # the other one has to wait for this commit
                both_are_done.wait()

        try:
            staff.platform.transact(SYSTEM, work)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(archive, [last, other])) == [False, True]
