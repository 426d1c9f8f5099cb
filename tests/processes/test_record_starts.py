"""Processes that begin when a record was created, changed, deleted or restored."""

from __future__ import annotations

from functools import partial
from html import escape

import pytest

from processes.deploying.findings import ModelRejected
from processes.events.delivery import start_by_event
from processes.events.record_starts import MAX_DEPTH
from processes.running.instance_tables import Incident, ProcessInstance
from processes.running.instances import instance_view
from services.essentials import seed_essentials
from services.records.types import find_record_type
from tests.engine.models import Drawing, extension, mapped, on, service
from tests.processes.test_tasks import race
from tests.processes.world import user_task, with_properties

RICH = '{"field": "amount", "op": "gte", "value": 5000}'


@pytest.fixture(autouse=True)
def pipeline(world):
    """Deals need one."""
    world.ask(seed_essentials)


def properties(**values: str) -> str:
    inner = "".join(
        f'<zeebe:property name="{name}" value="{escape(value)}"/>' for name, value in values.items()
    )
    return extension(f"<zeebe:properties>{inner}</zeebe:properties>")


def begins(event="changed", fields="", where="", process_id="p", record="deal", **settings):
    """Return a process with one task that begins by a record."""
    given = {"record_event": event, "record_fields": fields, "record_filter": where}
    waits = properties(**{name: value for name, value in given.items() if value})
    drawing = with_properties(Drawing(process_id), record, **settings)
    drawing.message("m", "a record changed")
    drawing.start(inner=waits + on("message", "m")).end()
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    return drawing.path("start", "ask", "end")


def writes(process_id="p", needs="=instance.id", **settings):
    """Return a process that begins by a deal and changes what that deal needs, and ends."""
    drawing = with_properties(Drawing(process_id), "deal", **settings)
    drawing.message("m", "a record changed")
    drawing.start(inner=properties(record_event="changed") + on("message", "m")).end()
    work = mapped(inputs={"deal_id": "=deal.id", "needs": needs})
    drawing.node("serviceTask", "write", service("deal.update", work))
    return drawing.path("start", "write", "end")


def begun(world):
    world.drain()
    return world.rows(ProcessInstance)


def change(world, deal, **fields):
    return world.do("deal.update", deal_id=deal.id, **fields)


def test_a_process_begins_once_when_a_record_is_created(world):
    world.deploy(begins("created"))
    deal = world.do("deal.create", "anna", name="Windows")
    change(world, deal, amount=10)
    (instance,) = begun(world)
    assert (instance.record_id, instance.state) == (deal.id, "running")


def test_a_process_begins_when_one_of_its_fields_is_changed(world):
    world.deploy(begins(fields="amount, expected_close_on", many_per_record="true"))
    deal = world.do("deal.create", name="Windows", amount=10)
    change(world, deal, needs="Glass")
    change(world, deal, amount=10)
    assert begun(world) == []
    change(world, deal, amount=20)
    change(world, deal, expected_close_on="2026-05-01")
    assert len(begun(world)) == 2


def test_a_process_begins_when_its_record_fulfils_the_filter(world):
    world.deploy(begins("created, changed", where=RICH))
    deal = world.do("deal.create", name="Poor", amount=10)
    rich = world.do("deal.create", name="Rich", amount=5000)
    change(world, deal, name="Poorer")
    assert [one.record_id for one in begun(world)] == [rich.id]
    change(world, deal, amount=6000)
    assert len(begun(world)) == 2


def test_a_filter_sees_what_belongs_to_the_record_when_it_goes_there(world):
    where = '{"field": "account.city", "op": "eq", "value": "Oslo"}'
    world.deploy(begins("created", where=where))
    account = world.do("account.create", name="Alfa", city="Oslo")
    deal = world.do("deal.create", name="Windows", account_id=account.id)
    world.do("deal.create", name="Doors")
    assert [one.record_id for one in begun(world)] == [deal.id]


def test_a_process_begins_when_a_record_is_deleted_and_restored(world):
    world.deploy(begins("deleted"), begins("restored", process_id="q"))
    deal = world.do("deal.create", name="Windows")
    about = {"record_type": "deal", "record_id": deal.id}
    world.do("record.delete", **about)
    assert [one.process_key for one in begun(world)] == ["p"]
    world.do("record.restore", **about)
    assert [one.process_key for one in begun(world)] == ["p", "q"]


def test_a_process_knows_what_was_changed_when_it_begins(world):
    world.deploy(begins())
    deal = world.do("deal.create", name="Windows", amount=10)
    change(world, deal, amount="20.5", needs="Glass")
    (instance,) = begun(world)
    view = world.ask(lambda uow: instance_view(uow, instance.id))
    assert view.variables["change"] == {
        "event": "changed",
        "by": "Lanewise",
        "fields": ["amount", "needs"],
        "before": {"amount": 10, "needs": None},
    }


def test_a_record_has_one_live_process_unless_more_are_allowed(world):
    world.deploy(begins(), begins(process_id="q", many_per_record="true"))
    deal = world.do("deal.create", name="Windows")
    for amount in (1, 2, 3):
        change(world, deal, amount=amount)
    assert sorted(one.process_key for one in begun(world)) == ["p", "q", "q", "q"]


def test_nothing_begins_when_the_change_is_undone(world):
    world.deploy(begins(), begins("created", process_id="q"))
    deal = world.do("deal.create", name="Windows", amount=10)
    world.drain()

    def undone(uow):
        with uow.savepoint():
            uow.session.get(type(deal), deal.id).amount = 99
            uow.session.flush()
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        world.ask(undone)
    assert [one.process_key for one in begun(world)] == ["q"]


def test_a_change_and_its_undoing_count_as_none_in_one_transaction(world):
    world.deploy(begins())
    deal = world.do("deal.create", name="Windows", amount=10)

    def twice(uow):
        for amount in (20, 10):
            uow.session.get(type(deal), deal.id).amount = amount
            uow.session.flush()

    world.ask(twice)
    assert begun(world) == []


def test_each_change_begins_one_when_two_change_at_once(world):
    world.deploy(begins(many_per_record="true"))
    deal = world.do("deal.create", name="Windows")
    for number in range(5):
        race(
            partial(change, world, deal, needs=f"a{number}"),
            partial(change, world, deal, amount=number + 1),
        )
    assert len(begun(world)) == 10


def test_a_process_begins_once_when_its_job_runs_twice(world):
    world.deploy(begins(many_per_record="true"))
    deal = world.do("deal.create", name="Windows")
    change(world, deal, amount=1)
    (job,) = world.sql("SELECT args FROM procrastinate_jobs WHERE task_name = 'events.start'")
    for _ in range(2):
        start_by_event(world.platform, **job.args)
    assert len(begun(world)) == 1


def test_a_chain_ends_in_an_incident_when_a_process_begins_itself(world):
    world.deploy(writes())
    deal = world.do("deal.create", name="Windows")
    change(world, deal, amount=1)
    assert [one.start_depth for one in begun(world)] == list(range(MAX_DEPTH))
    (incident,) = world.rows(Incident)
    assert "10 processes in a row" in incident.message
    world.do("incident.retry", "olga", incident_id=incident.id)
    assert len(begun(world)) == 2 * MAX_DEPTH


def test_a_chain_ends_in_an_incident_when_two_processes_begin_each_other(world, monkeypatch):
    monkeypatch.setattr("processes.events.record_starts.MAX_DEPTH", depth := 4)
    world.deploy(writes(many_per_record="true"))
    world.deploy(writes("q", needs="=deal.name + string(deal.needs)", many_per_record="true"))
    deal = world.do("deal.create", name="Windows")
    change(world, deal, amount=1)
    assert 0 < len(begun(world)) < 2 ** (depth + 1)
    assert world.rows(Incident)


def test_a_chain_begins_anew_when_a_person_acts(world):
    drawing = with_properties(Drawing("p"), "deal")
    drawing.message("m", "a record changed")
    drawing.start(inner=properties(record_event="changed") + on("message", "m")).end()
    drawing.node("userTask", "ask", user_task(candidateGroups="Sales"), name="Ask")
    work = mapped(inputs={"deal_id": "=deal.id", "needs": "=instance.id"})
    drawing.node("serviceTask", "write", service("deal.update", work))
    world.deploy(drawing.path("start", "ask", "write", "end"))
    deal = world.do("deal.create", "anna", name="Windows", team_id=world.groups["Sales"])
    change(world, deal, amount=1)
    for _ in range(MAX_DEPTH + 3):
        world.drain()
        world.complete("Ask", "maria")
    assert {one.start_depth for one in begun(world)} == {0}


def test_no_statement_is_added_when_nothing_begins_by_records(world):
    deal = world.do("deal.create", name="Windows")
    with world.counting() as before:
        change(world, deal, amount=1)
    world.deploy(begins(fields="needs"))
    with world.counting() as after:
        change(world, deal, amount=2)
    assert len(after) == len(before)


def test_a_start_is_an_incident_once_when_its_field_is_gone(world, monkeypatch):
    world.deploy(begins(where=RICH))
    deal = world.do("deal.create", name="Windows")
    kind = find_record_type("deal")
    left = tuple(field for field in kind.fields if field.name != "amount")
    monkeypatch.setattr(kind, "fields", left)
    monkeypatch.setattr(kind, "revision", kind.revision + 1)
    for needs in ("Glass", "Wood"):
        change(world, deal, needs=needs)
    assert begun(world) == []
    (incident,) = world.rows(Incident)
    assert "no field “amount”" in incident.message


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        (begins("moved"), "created, changed, deleted or restored, not moved"),
        (begins(fields="amount, nothing"), "Deal has no field nothing"),
        (begins(where="{"), "A filter is a JSON object."),
        (begins(where='{"field": "nothing"}'), "Deal has no field “nothing”"),
        (begins(where='{"field": "amount", "op": "contains"}'), "can't be compared"),
        (begins(where='{"field": "owner_id", "value": "me"}'), "Nobody asks"),
        (begins(record=""), "begins by a record, but is about none"),
        (begins(record="thing"), "no record type called thing"),
    ],
)
def test_a_deployment_is_refused_when_a_start_names_what_is_not_there(world, drawing, message):
    with pytest.raises(ModelRejected) as refusal:
        world.deploy(drawing)
    found = [one for one in refusal.value.findings if message in one.message]
    assert found, refusal.value.findings
    assert found[0].element in {"start", "p"}
    assert found[0].advice


def test_a_deployment_is_refused_when_another_element_waits_for_a_record(world):
    drawing = with_properties(Drawing("p"), "deal")
    drawing.start(inner=properties(record_event="changed")).end().path("start", "end")
    with pytest.raises(ModelRejected) as refusal:
        world.deploy(drawing)
    assert "Only a message start event" in refusal.value.findings[0].message
