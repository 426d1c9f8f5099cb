"""What is told of a change: the timeline to people, the audit to administrators."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from services.audit import AuditEntry
from services.records.timeline import timeline_of


def _audit(desk, operation):
    statement = select(AuditEntry).where(AuditEntry.operation == operation)
    return desk.ask(lambda uow: uow.session.scalars(statement).all())


def test_old_and_new_are_told_when_fields_change(staff):
    deal = staff.do("deal.create", "anna", name="Windows", amount=100)
    staff.do("deal.update", "anna", deal_id=deal.id, amount="250.5", needs="Blue")
    newest = staff.ask(timeline_of, "deal", deal.id)[0]
    assert (newest.title, newest.actor_name) == ("Changed Amount and Needs", "Anna")
    assert newest.details["changes"][0] == {
        "field": "amount",
        "label": "Amount",
        "old": "100.00 EUR",
        "new": "250.50 EUR",
    }


def test_one_change_is_a_sentence_when_told(staff):
    lead = staff.do("lead.create", name="Eva")
    staff.do("lead.update", lead_id=lead.id, company="Nordlys")
    staff.do("lead.update", lead_id=lead.id, company="Sol")
    staff.do("lead.update", lead_id=lead.id, company="")
    staff.do("lead.update", lead_id=lead.id, status="working")
    titles = [entry.title for entry in staff.ask(timeline_of, "lead", lead.id)]
    assert titles == [
        "Changed Status from New to Working",
        "Cleared Company",
        "Changed Company from Nordlys to Sol",
        "Set Company to Nordlys",
        "Created lead “Eva”",
    ]


def test_a_time_is_told_in_utc_when_each_reader_has_a_time_zone(staff):
    call = staff.do(
        "activity.create", "anna", kind="task", subject="Eva", due_at="2026-11-23T09:30:00Z"
    )
    staff.do("activity.update", "anna", activity_id=call.id, due_at="2026-11-24T09:30:00+02:00")
    newest = staff.ask(timeline_of, "activity", call.id)[0]
    (change,) = newest.details["changes"]
    assert newest.title == "Changed Due"
    assert (change["kind"], change["old"], change["new"]) == (
        "datetime",
        "2026-11-23T09:30:00+00:00",
        "2026-11-24T07:30:00+00:00",
    )


def test_nothing_is_told_when_nothing_changes(staff):
    lead = staff.do("lead.create", name="Eva")
    version = staff.do("lead.update", lead_id=lead.id, name="Eva").version
    assert version == lead.version
    assert len(staff.ask(timeline_of, "lead", lead.id)) == 1


def test_people_are_named_when_the_owner_changes(staff):
    lead = staff.do("lead.create", name="Eva")
    staff.do("lead.update", lead_id=lead.id, owner_id=str(staff.people["anna"].user_id))
    assert staff.ask(timeline_of, "lead", lead.id)[0].title == "Set Owner to Anna"


def test_a_page_begins_where_the_last_ended_when_a_timeline_is_long(staff, clock):
    lead = staff.do("lead.create", name="Eva")
    for number in range(5):
        clock.advance(timedelta(seconds=number % 2))
        staff.do("note.add", record_type="lead", record_id=lead.id, text=str(number))
    first = staff.ask(timeline_of, "lead", lead.id, limit=3)
    second = staff.ask(timeline_of, "lead", lead.id, before=first[-1].id, limit=10)
    assert [entry.body for entry in first] == ["4", "3", "2"]
    assert [entry.body for entry in second] == ["1", "0", None]


def test_entries_move_along_when_a_deal_gets_another_account(staff):
    one, two = (staff.do("account.create", name=name) for name in ("One", "Two"))
    deal = staff.do("deal.create", name="Windows", account_id=one.id)
    staff.do("deal.update", deal_id=deal.id, account_id=two.id)
    assert len(staff.ask(timeline_of, "account", one.id)) == 1
    assert len(staff.ask(timeline_of, "account", two.id)) == 3


def test_updated_at_is_the_present_when_a_row_changes(staff, clock):
    lead = staff.do("lead.create", name="Eva")
    created = clock.now()
    clock.advance(timedelta(days=1))
    lead = staff.do("lead.update", lead_id=lead.id, name="Eva L")
    assert (lead.created_at, lead.updated_at) == (created, clock.now())


def test_before_and_after_are_audited_when_an_operation_runs(staff):
    deal = staff.do("deal.create", "anna", name="Windows")
    staff.do("deal.update", "anna", deal_id=deal.id, amount=5)
    [entry] = _audit(staff, "deal.update")
    assert (entry.actor_name, entry.record_type, entry.record_id) == ("Anna", "deal", deal.id)
    assert entry.changes == [
        {
            "kind": "deal",
            "id": str(deal.id),
            "created": False,
            "fields": {"amount": ["0.00", "5.00"]},
        }
    ]


def test_all_that_was_made_is_audited_when_a_lead_is_converted(staff):
    lead = staff.do("lead.create", name="Eva Lund", email="eva@x.example")
    staff.do("lead.convert", lead_id=lead.id)
    [entry] = _audit(staff, "lead.convert")
    kinds = sorted((change["kind"], change["created"]) for change in entry.changes)
    assert kinds == [("account", True), ("contact", True), ("deal", True), ("lead", False)]


def test_no_secret_is_audited_when_passwords_and_tokens_are_made(staff):
    anna = staff.people["anna"].user_id
    staff.do("user.update", user_id=anna, password="another long phrase", name="Anna B")
    made = staff.do("token.create", "anna", name="script")
    text = str([(entry.arguments, entry.changes) for entry in _audit(staff, "user.update")])
    text += str([(entry.arguments, entry.changes) for entry in _audit(staff, "token.create")])
    assert "another long phrase" not in text
    assert "argon2" not in text
    assert made["token"] not in text
    assert "***" in text
