"""Subscriptions: invoiced once a period, changed within it, paused, cancelled; what they bring."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from processes.jobs.draining import drain
from services.contracts import billing
from services.contracts.daily import carry_on_subscriptions, look_after_contracts
from services.contracts.recurring import months_of_revenue
from services.contracts.subscription_model import Subscription, SubscriptionPeriod
from services.errors import Conflict, Invalid, NotFound, StaleVersion
from services.sales.lines import lines_of
from services.sales.model import Invoice


@pytest.fixture
def office(staff, clock):
    """A client of Anna's; it is 2 March 2026."""
    staff.clock = clock
    staff.client_of = staff.do("account.create", "anna", name="Nordlys").id
    return staff


LICENCE = {"title": "Licence", "quantity": 2, "unit_price": "31", "unit": "seats"}


def _draft(office, *lines, **values):
    given = {
        "title": "Support",
        "account_id": office.client_of,
        "starts_on": "2026-03-01",
        "lines": list(lines) or [LICENCE],
        **values,
    }
    return office.do("subscription.create", "anna", **given)


def _started(office, *lines, invoice_from=None, **values):
    """Return a subscription since 1 March, 62.00 a month, invoiced as far as it is due."""
    made = _draft(office, *lines, **values)
    office.do("subscription.activate", "anna", subscription_id=made.id, invoice_from=invoice_from)
    drain(office.platform)
    return _fresh(office, made)


def _fresh(office, one):
    return office.ask(lambda uow: uow.get(Subscription, one.id))


def _go_to(office, day: str) -> None:
    """Let it be noon of a day, and the day's work be done."""
    office.clock.moment = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    office.ask(look_after_contracts)
    drain(office.platform)


def _invoices(office):
    with office.platform.session() as session:
        return session.scalars(select(Invoice).order_by(Invoice.id)).all()


def _lines(office, invoice):
    found = office.ask(lambda uow: lines_of(uow, invoice))
    return [(line.title, line.quantity, line.net) for line in found]


def _change(office, one, quantity, **values):
    given = {"subscription_id": one.id, "position": 1, "quantity": quantity, **values}
    return office.do("subscription.change_quantity", "anna", **given)["amount"]


def _cancel(office, one, **values):
    given = {"subscription_id": one.id, "reason": "Too dear", **values}
    return office.do("subscription.cancel", "anna", **given)


def test_a_period_is_invoiced_on_its_first_day(office):
    one = _started(office)
    [invoice] = _invoices(office)
    assert (invoice.title, invoice.net, invoice.status) == (
        "Support, 1 Mar 2026 – 31 Mar 2026",  # noqa: RUF001 - a range's dash
        62,
        "draft",
    )
    assert (invoice.subscription_id, invoice.owner_id) == (one.id, office.actor("anna").user_id)
    assert one.next_invoice_on == date(2026, 4, 1)


def test_an_invoice_is_issued_when_that_is_wished(office):
    _started(office, invoicing="issue")
    [invoice] = _invoices(office)
    assert (invoice.number, invoice.status) == ("INV-2026-00001", "issued")


def test_each_period_is_invoiced_once_after_days_without_a_worker(office):
    one = _started(office, starts_on="2026-01-31", anchor_day=31)
    _go_to(office, "2026-05-02")
    _go_to(office, "2026-05-03")
    with office.platform.session() as session:
        found = session.scalars(
            select(SubscriptionPeriod.starts_on).order_by(SubscriptionPeriod.starts_on)
        ).all()
    assert [day.isoformat() for day in found] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]
    assert len(_invoices(office)) == 4
    assert _fresh(office, one).next_invoice_on == date(2026, 5, 31)


def test_a_period_is_invoiced_once_when_two_workers_are_at_it(office):
    made = _draft(office)
    office.do("subscription.activate", "anna", subscription_id=made.id)
    key = str(made.id)
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(
            lambda _: carry_on_subscriptions(office.platform, subscription_ids=[key]), range(2)
        ):
            pass
    assert len(_invoices(office)) == 1


def test_nothing_of_a_period_stays_when_it_fails_in_the_middle(office, monkeypatch):
    made = _draft(office, invoicing="issue")
    office.do("subscription.activate", "anna", subscription_id=made.id)

    def fail(*_args, **_kwargs):
        raise RuntimeError("cut off")

    with monkeypatch.context() as broken:
        broken.setattr(billing, "issue_invoice", fail)
        with pytest.raises(RuntimeError):
            carry_on_subscriptions(office.platform, subscription_ids=[str(made.id)])
    assert not _invoices(office)
    carry_on_subscriptions(office.platform, subscription_ids=[str(made.id)])
    assert [one.number for one in _invoices(office)] == ["INV-2026-00001"]


def test_the_database_takes_no_period_twice(office):
    one = _started(office)
    with office.platform.engine.begin() as connection:
        connection.execute(text("UPDATE client_subscriptions SET next_invoice_on = '2026-03-01'"))
    with pytest.raises(Exception, match="uq_subscription_periods"):
        office.do("subscription.invoice", "anna", subscription_id=one.id)


def test_a_first_part_of_a_period_costs_its_share_of_days(office):
    _started(office, starts_on="2026-03-02", anchor_day=15)
    [invoice] = _invoices(office)
    # 13 of the 28 days from 15 February to 14 March.
    assert invoice.net == Decimal("28.79")


def test_a_subscription_is_invoiced_from_a_later_day_when_it_was_invoiced_elsewhere(office):
    one = _started(office, starts_on="2020-01-01", invoice_from="2026-04-01")
    assert not _invoices(office)
    assert one.next_invoice_on == date(2026, 4, 1)


def test_more_is_charged_by_the_days_left_on_the_next_invoice(office):
    one = _started(office)
    office.clock.moment = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert _change(office, one, 3) == Decimal("22.00")  # 31.00 by 22 of 31 days
    _go_to(office, "2026-04-01")
    later = _invoices(office)[-1]
    assert later.net == 93 + 22
    assert _lines(office, later)[1] == (
        "Licence, 3 instead of 2 (10 Mar 2026 – 31 Mar 2026, 22 of 31 days)",  # noqa: RUF001
        1,
        22,
    )


def test_less_is_given_back_as_less_than_none(office):
    one = _started(office)
    office.clock.moment = datetime(2026, 3, 17, 12, tzinfo=UTC)
    assert _change(office, one, 1) == Decimal("-15.00")
    _go_to(office, "2026-04-01")
    later = _invoices(office)[-1]
    assert (later.kind, later.net) == ("invoice", 16)
    assert _lines(office, later)[1][1:] == (-1, -15)


def test_what_is_given_back_at_once_is_a_credit_note(office):
    one = _started(office)
    office.clock.moment = datetime(2026, 3, 17, 12, tzinfo=UTC)
    _change(office, one, 1, at_once=True)
    note = _invoices(office)[-1]
    assert (note.kind, note.net) == ("credit_note", 15)
    _go_to(office, "2026-04-01")
    assert _invoices(office)[-1].net == 31


def test_shares_are_rounded_to_what_the_currency_has(office):
    one = _started(office, {"title": "A", "unit_price": 1000}, currency="JPY")
    office.clock.moment = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert str(_change(office, one, 2)) == "710"


def test_a_change_before_the_first_invoice_costs_nothing_besides(office):
    one = _started(office, starts_on="2026-03-20")
    assert _change(office, one, 5) == 0
    _go_to(office, "2026-03-20")
    assert [invoice.net for invoice in _invoices(office)] == [155]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"position": 2}, "position"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"on": "2026-03-03"}, "on"),
        ({"on": "2026-02-28"}, "on"),
    ],
)
def test_a_change_is_refused_when_it_can_not_be_kept(office, values, field):
    one = _started(office)
    with pytest.raises(Invalid) as refused:
        _change(office, one, **{"quantity": 3, **values})
    assert list(refused.value.fields) == [field]


def test_a_change_is_refused_when_somebody_was_quicker(office):
    one = _started(office)
    _change(office, one, 3, version=one.version)
    with pytest.raises(StaleVersion):
        _change(office, one, 4, version=one.version)


def test_a_line_is_added_and_a_price_set_for_later(office):
    one = _started(office)
    office.do(
        "subscription.add_line", "anna", subscription_id=one.id, title="Backup", unit_price="10"
    )
    office.do("subscription.set_price", "anna", subscription_id=one.id, position=1, unit_price="40")
    assert _fresh(office, one).taxable == 90
    _go_to(office, "2026-04-01")
    assert _invoices(office)[-1].net == 90 + Decimal("9.68")  # 30 of 31 days of the new line


def test_the_last_paid_day_is_settled_at_the_paid_price(office):
    one = _started(office)
    _price(office, one, "310")
    office.clock.moment = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert _change(office, one, 3) == 1  # 31.00 by 1 of 31 days


def test_an_invoice_of_a_subscription_keeps_its_currency(office):
    _started(office)
    office.do("currency.set_rate", "olga", currency="NOK", valid_from="2026-01-01", rate="0.1")
    with pytest.raises(Invalid, match="The currency is the subscription's"):
        office.do("invoice.update", "anna", invoice_id=_invoices(office)[0].id, currency="NOK")


def test_a_pause_until_today_is_refused(office):
    one = _started(office)
    with pytest.raises(Invalid) as refused:
        office.do("subscription.pause", "anna", subscription_id=one.id, resumes_on="2026-03-02")
    assert list(refused.value.fields) == ["resumes_on"]


def _delete(office, invoice, operation="record.delete"):
    office.do(operation, "anna", record_type="invoice", record_id=invoice.id)


def _periods(office):
    with office.platform.session() as session:
        return session.scalars(select(SubscriptionPeriod)).all()


def test_a_period_is_invoiced_again_when_its_draft_was_deleted(office):
    one = _started(office, discount_percent=10)
    _price(office, one, "310")
    [deleted] = _invoices(office)
    _delete(office, deleted)
    assert _fresh(office, one).due_on == date(2026, 3, 2)
    _go_to(office, "2026-03-03")
    _go_to(office, "2026-03-04")
    assert [invoice.net for invoice in _invoices(office)] == [62, 62]
    assert [period.invoice_id for period in _periods(office)] == [_invoices(office)[1].id]
    assert _fresh(office, one).due_on == date(2026, 4, 1)


def test_a_period_is_invoiced_again_with_its_changes_when_these_stood_on_the_draft(office):
    one = _started(office)
    _change(office, one, 4)
    _go_to(office, "2026-04-01")
    later = _invoices(office)[1]
    _delete(office, later)
    office.do("subscription.invoice", "anna", subscription_id=one.id)
    assert _lines(office, _invoices(office)[2]) == _lines(office, later)
    _go_to(office, "2026-05-01")
    assert _invoices(office)[-1].net == 124


def test_a_period_is_invoiced_as_agreed_when_its_draft_was_written_by_hand_and_deleted(office):
    one = _started(office, starts_on="2026-03-02", anchor_day=15)
    [draft] = _invoices(office)
    lines = [{"title": "Nonsense", "unit_price": 1}]
    office.do("invoice.update", "anna", invoice_id=draft.id, lines=lines)
    _price(office, one, "310")
    _delete(office, draft)
    _go_to(office, "2026-03-03")
    assert _invoices(office)[-1].net == Decimal("28.79")


def test_what_was_given_back_is_given_back_again_when_it_had_ended_and_the_note_is_deleted(office):
    one = _started(office)
    _end_in_march(office, one)
    _delete(office, _invoices(office)[-1])
    _go_to(office, "2026-03-17")
    _go_to(office, "2026-03-18")
    found = [(invoice.kind, invoice.net) for invoice in _invoices(office)]
    assert found == [("invoice", 62), ("credit_note", 30), ("credit_note", 30)]
    assert _fresh(office, one).due_on is None


def test_only_used_days_are_paid_when_one_ends_after_its_draft_was_made_anew(office):
    one = _started(office)
    _change(office, one, 4)
    _delete(office, _invoices(office)[0])
    _end_in_march(office, one)
    kept = [invoice for invoice in _invoices(office) if invoice.deleted_at is None]
    signs = {"invoice": 1, "credit_note": -1}
    # A day of two licences, and 15 of four.
    assert sum(signs[invoice.kind] * invoice.net for invoice in kept) == 62


def test_a_draft_is_restored_only_before_its_period_is_invoiced_again(office):
    one = _started(office)
    [draft] = _invoices(office)
    _delete(office, draft)
    _delete(office, draft, "record.restore")
    assert _fresh(office, one).due_on == date(2026, 4, 1)
    _go_to(office, "2026-03-03")
    assert len(_invoices(office)) == 1
    _delete(office, draft)
    _go_to(office, "2026-03-04")
    with pytest.raises(Conflict, match="invoiced again meanwhile"):
        _delete(office, draft, "record.restore")


def test_a_period_is_invoiced_once_when_its_draft_is_restored_as_the_worker_comes(office):
    one = _started(office)
    [draft] = _invoices(office)
    _delete(office, draft)

    def restore():
        with suppress(Conflict):
            _delete(office, draft, "record.restore")

    def invoice():
        carry_on_subscriptions(office.platform, subscription_ids=[str(one.id)])

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(restore), pool.submit(invoice)]:
            done.result()
    assert len([one for one in _invoices(office) if one.deleted_at is None]) == 1


def _price(office, one, unit_price, **values):
    given = {"subscription_id": one.id, "position": 1, "unit_price": unit_price, **values}
    office.do("subscription.set_price", "anna", **given)


def test_a_change_is_settled_at_the_price_of_the_paid_days_when_another_is_set_for_later(office):
    one = _started(office)
    _price(office, one, "40", discount_percent=50)
    _price(office, one, "310", discount_percent=0)
    office.clock.moment = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert _change(office, one, 3) == Decimal("22.00")  # 31.00 by 22 of 31 days
    assert _change(office, one, 1) == Decimal("-44.00")
    _go_to(office, "2026-04-01")
    assert _invoices(office)[-1].net == 310 - 22
    assert _change(office, one, 2) == 310  # from the first day on, at the new price


def test_a_change_is_refused_when_it_is_to_hold_before_another_of_the_period(office):
    one = _started(office)
    office.clock.moment = datetime(2026, 3, 20, 12, tzinfo=UTC)
    _change(office, one, 4)
    with pytest.raises(Invalid, match="changed from 20 Mar 2026 on already"):
        _change(office, one, 3, on="2026-03-10")
    _change(office, one, 2)  # taken back: the line holds what it did all along
    assert _change(office, one, 3, on="2026-03-10") == Decimal("22.00")  # 31.00 by 22 of 31 days


def test_paused_days_cost_nothing(office):
    one = _started(office)
    office.do("subscription.pause", "anna", subscription_id=one.id, resumes_on="2026-05-17")
    _go_to(office, "2026-05-01")
    assert len(_invoices(office)) == 1
    _go_to(office, "2026-05-20")
    # 15 of 31 days, from 17 May on.
    assert [invoice.net for invoice in _invoices(office)] == [62, 30]
    assert _fresh(office, one).next_invoice_on == date(2026, 6, 1)


def test_a_cancelled_subscription_ends_with_its_paid_period(office):
    one = _started(office)
    office.do("subscription.cancel", "anna", subscription_id=one.id, reason="Too dear")
    assert (_fresh(office, one).status, _fresh(office, one).ends_on) == (
        "active",
        date(2026, 3, 31),
    )
    _go_to(office, "2026-04-01")
    found = _fresh(office, one)
    assert (found.status, found.next_invoice_on, len(_invoices(office))) == ("ended", None, 1)


def test_unused_days_are_given_back_when_it_ends_today(office):
    one = _started(office)
    office.clock.moment = datetime(2026, 3, 16, 12, tzinfo=UTC)
    given = {"subscription_id": one.id, "reason": "X", "when": "now", "refund": True}
    office.do("subscription.cancel", "anna", **given)
    assert _fresh(office, one).status == "ended"
    note = _invoices(office)[-1]
    assert (note.kind, note.net) == ("credit_note", 30)  # 15 of 31 days of 62.00


def test_no_more_is_given_back_than_was_paid_when_a_price_has_risen(office):
    one = _started(office)
    office.do(
        "subscription.set_price", "anna", subscription_id=one.id, position=1, unit_price="310"
    )
    _end_in_march(office, one)
    # 15 of 31 days of 62.00, which were invoiced at the old price.
    assert (_invoices(office)[-1].kind, _invoices(office)[-1].net) == ("credit_note", 30)


def test_unused_days_are_given_back_when_the_draft_was_written_anew(office):
    one = _started(office)
    lines = [{"title": "Seats", "unit_price": "62"}]
    office.do("invoice.update", "anna", invoice_id=_invoices(office)[0].id, lines=lines)
    _end_in_march(office, one)
    assert (_invoices(office)[-1].kind, _invoices(office)[-1].net) == ("credit_note", 30)


@pytest.mark.parametrize(("part", "back"), [(None, []), ([{"position": 1, "quantity": 1}], [20])])
def test_what_a_credit_note_took_back_is_not_given_back_again(office, part, back):
    one = _started(office, invoicing="issue")  # 62.00 for 31 days
    [invoice] = _invoices(office)
    office.do("invoice.credit", "anna", invoice_id=invoice.id, lines=part)
    _go_to(office, "2026-03-11")
    _cancel(office, one, when="now", refund=True)
    assert [note.net for note in _invoices(office)[2:]] == back


def test_what_a_credited_change_has_cost_is_not_given_back_again(office):
    one = _started(office, invoicing="issue")
    _go_to(office, "2026-03-02")
    _change(office, one, 4, at_once=True)  # 62 more for 30 of 31 days: 60.00
    office.do("invoice.credit", "anna", invoice_id=_invoices(office)[-1].id)
    _go_to(office, "2026-03-11")
    _cancel(office, one, when="now", refund=True)
    assert _invoices(office)[-1].net == 40  # of the period's own 62.00, for 20 of 31 days


def test_unused_days_are_given_back_when_their_period_stands_on_a_credit_note(office):
    one = _started(office, {"title": "Licence", "quantity": 31, "unit_price": "31"})
    _go_to(office, "2026-03-02")
    _change(office, one, 1)  # 930 less for 30 of 31 days: 900.00 given back
    _go_to(office, "2026-04-01")
    note = _invoices(office)[-1]
    assert (note.kind, note.net) == ("credit_note", 869)  # less 31.00 for April
    _go_to(office, "2026-04-10")
    _cancel(office, one, when="now", refund=True)
    back = _invoices(office)[-1]
    assert (back.kind, back.net) == ("credit_note", Decimal("20.67"))  # 20 of 30 days


def test_what_a_change_has_cost_is_given_back_for_unused_days(office):
    one = _started(office)
    _change(office, one, 4, at_once=True)
    _end_in_march(office, one)
    kinds = [(invoice.kind, invoice.net) for invoice in _invoices(office)]
    assert kinds == [("invoice", 62), ("invoice", 60), ("credit_note", 60)]


def _end_in_march(office, one):
    """Cancel a subscription on 16 March, and give back what is paid for later days."""
    office.clock.moment = datetime(2026, 3, 16, 12, tzinfo=UTC)
    given = {"subscription_id": one.id, "reason": "X", "when": "now", "refund": True}
    office.do("subscription.cancel", "anna", **given)


def test_a_cancellation_is_taken_back(office):
    one = _started(office)
    office.do("subscription.cancel", "anna", subscription_id=one.id, reason="Too dear")
    office.do("subscription.keep", "anna", subscription_id=one.id)
    _go_to(office, "2026-04-01")
    assert len(_invoices(office)) == 2


def test_a_subscription_ends_with_its_contract(office):
    contract = office.do(
        "contract.create",
        "anna",
        title="Frame",
        account_id=office.client_of,
        starts_on="2026-01-01",
    )
    office.do("contract.activate", "anna", contract_id=contract.id)
    one = _started(office, contract_id=contract.id)
    given = {"contract_id": contract.id, "reason": "X", "ends_on": "2026-04-15"}
    office.do("contract.cancel", "anna", **given)
    _go_to(office, "2026-04-01")
    assert _invoices(office)[-1].net == 31  # 15 of 30 days
    _go_to(office, "2026-04-16")
    assert _fresh(office, one).status == "ended"


def test_a_contract_of_somebody_else_is_refused(office):
    other = office.do("account.create", "anna", name="Other").id
    contract = office.do("contract.create", "anna", title="Frame", account_id=other)
    with pytest.raises(Invalid, match="another account's"):
        _draft(office, contract_id=contract.id)


def test_nothing_is_invoiced_before_it_is_due(office):
    one = _started(office)
    with pytest.raises(Conflict, match="The next invoice is due on 1 Apr 2026"):
        office.do("subscription.invoice", "anna", subscription_id=one.id)
    with pytest.raises(NotFound):
        office.do("subscription.invoice", "sven", subscription_id=one.id)


def test_a_subscription_without_lines_is_not_started(office):
    made = office.do(
        "subscription.create",
        "anna",
        title="X",
        account_id=office.client_of,
        starts_on="2026-03-01",
    )
    with pytest.raises(Conflict, match="has no lines"):
        office.do("subscription.activate", "anna", subscription_id=made.id)


def _revenue(office, actor="anna", **values):
    return office.ask(months_of_revenue, actor=actor, **values)


def test_what_comes_in_each_month_is_told_with_its_reasons(office):
    one = _started(office, {"title": "A", "unit_price": 1200}, interval_unit="year")
    _go_to(office, "2026-04-10")
    _change(office, one, 2)
    _go_to(office, "2026-05-10")
    office.do("subscription.pause", "anna", subscription_id=one.id)
    _go_to(office, "2026-06-10")
    office.do("subscription.resume", "anna", subscription_id=one.id)
    _go_to(office, "2026-07-10")
    office.do("subscription.cancel", "anna", subscription_id=one.id, reason="X", when="now")
    _go_to(office, "2026-08-10")
    told = _revenue(office)
    months = {month.starts_on.month: month for month in told.months}
    assert [months[number].mrr for number in (2, 3, 4, 5, 6, 7)] == [0, 100, 200, 0, 200, 0]
    moves = [months[number].moves for number in (3, 4, 5, 6, 7)]
    assert moves == [
        {"new": 100},
        {"more": 100},
        {"lost": -200},
        {"back": 200},
        {"lost": -200},
    ]
    assert (told.mrr, told.arr, told.currency) == (0, 0, "EUR")


def test_a_price_for_later_counts_from_its_own_day_on_and_not_once_it_ended(office):
    one = _started(office)  # 2 at 31.00
    _go_to(office, "2026-03-10")
    office.do("subscription.set_price", "anna", subscription_id=one.id, position=1, unit_price="40")
    _go_to(office, "2026-03-16")
    _change(office, one, 3)
    assert office.ask(months_of_revenue, count=1).mrr == 93  # 3 at 31.00 until April
    _cancel(office, one, when="now")
    _go_to(office, "2026-03-31")
    assert office.ask(months_of_revenue, count=1).mrr == 0


def test_all_prices_rise_from_the_next_period_on_as_an_index_says(office):
    one = _started(office, LICENCE, {"title": "Card", "unit_price": "0.0125", "quantity": 1000})
    given = {"subscription_id": one.id, "percent": "3.5"}
    office.do("subscription.raise_prices", "anna", **given)
    prices = [line.unit_price for line in office.ask(lambda uow: lines_of(uow, one))]
    assert prices == [Decimal("32.09"), Decimal("0.0129")]  # 32.085, 0.0129375
    assert office.ask(months_of_revenue, count=1).mrr == Decimal("74.5")
    _go_to(office, "2026-04-01")
    assert [invoice.net for invoice in _invoices(office)] == [Decimal("74.5"), Decimal("77.08")]


def test_a_contract_raises_what_runs_by_it(office):
    terms = {"title": "Frame", "account_id": office.client_of, "starts_on": "2026-01-01"}
    contract = office.do("contract.create", "anna", **terms)
    office.do("contract.activate", "anna", contract_id=contract.id)
    with pytest.raises(Conflict, match="No subscription"):
        office.do("contract.raise_prices", "anna", contract_id=contract.id, percent=10)
    runs, ended = (_started(office, contract_id=contract.id) for _ in range(2))
    _cancel(office, ended, when="now")
    made = office.do("contract.raise_prices", "anna", contract_id=contract.id, percent="-10")
    assert (made["subscriptions"], _fresh(office, runs).taxable) == (1, Decimal("55.8"))


def test_months_are_told_at_the_rates_of_their_ends(office):
    for day, rate in (("2026-01-01", "0.1"), ("2026-04-15", "0.2")):
        office.do("currency.set_rate", "olga", currency="NOK", valid_from=day, rate=rate)
    _started(office, {"title": "A", "unit_price": 1000}, currency="NOK")
    _go_to(office, "2026-05-10")
    told = _revenue(office)
    assert [month.mrr for month in told.months[-3:]] == [100, 200, 200]
    assert [month.by_rates for month in told.months[-3:]] == [0, 100, 0]
    assert told.arr == 2400


def test_a_missing_rate_is_named(office):
    _started(office, {"title": "A", "unit_price": 1000}, currency="NOK")
    told = _revenue(office)
    assert (told.mrr, told.missing) == (None, ("NOK",))


def test_only_what_one_may_see_is_told(office):
    _started(office, starts_on="2026-03-02")
    assert _revenue(office).mrr == 62
    assert _revenue(office, actor="sven").mrr == 0
    assert _revenue(office, account_id=office.client_of).mrr == 62
    other = office.do("account.create", "anna", name="Other").id
    assert _revenue(office, account_id=other).mrr == 0


def test_a_subscription_that_never_began_brought_nothing(office):
    one = _started(office, starts_on="2026-04-01")
    office.do("subscription.cancel", "anna", subscription_id=one.id, reason="X")
    _go_to(office, "2026-05-01")
    assert _fresh(office, one).status == "ended"
    assert all(not month.moves for month in _revenue(office).months)


def test_telling_takes_few_statements(office):
    _started(office)
    with office.counting() as statements:
        _revenue(office)
    assert len(statements) <= 5


def test_one_that_fails_holds_up_no_other(office):
    broken, fine = _draft(office), _draft(office)
    for one in (broken, fine):
        office.do("subscription.activate", "anna", subscription_id=one.id)
    there = SubscriptionPeriod(
        subscription_id=broken.id,
        starts_on=date(2026, 3, 1),
        ends_on=date(2026, 3, 31),
        whole_days=31,
        invoiced_at=office.clock.moment,
    )
    office.ask(lambda uow: uow.add(there))
    keys = [str(broken.id), str(fine.id)]
    carry_on_subscriptions(office.platform, subscription_ids=keys)
    assert [invoice.subscription_id for invoice in _invoices(office)] == [fine.id]
    assert office.jobs("subscriptions.carry_on")[-1] == {"subscription_ids": [str(broken.id)]}


def test_an_imported_subscription_has_the_line_of_its_row(office, importing):
    product = office.do("product.create", "olga", name="Licence", code="L-1", tax_percent=5)
    rows = [
        "title;account;start;product;quantity;unit price",
        "One;Nordlys;2026-01-01;L-1;3;1.234,5600",
        "Two;Nordlys;2026-01-01;;;",
        "Three;Nordlys;2026-01-01;L-1;3;",
        "Four;Nordlys;2026-01-01;L-1;-3;1",
    ]
    done = importing.whole("\n".join(rows), "subscription", policy="all")
    made = {one.title: one for one in _subscriptions(office)}
    assert set(made) == {"One", "Two"}
    [line] = office.ask(lambda uow: lines_of(uow, made["One"]))
    assert (line.product_id, line.tax_percent, line.net) == (product.id, 5, Decimal("3703.68"))
    assert office.ask(lambda uow: lines_of(uow, made["Two"])) == []
    wrong = [(row[0], row[3]) for row in importing.rows(done) if row[1] == "error"]
    assert wrong == [
        (4, {"5": "There is no price for this; say what it costs."}),
        (5, {"4": "A quantity is more than 0."}),
    ]


def test_an_imported_line_is_refused_when_the_record_is_there(office, importing):
    one = _draft(office)
    rows = f"id,title,unit price\n{one.id},Other,1\n"
    done = importing.whole(rows, "subscription", policy="update", match=["id"])
    [row] = importing.rows(done)
    assert (row[1], row[3]) == ("error", {"2": "A line is taken for a new record only."})


def _subscriptions(office):
    with office.platform.session() as session:
        return session.scalars(select(Subscription)).all()
