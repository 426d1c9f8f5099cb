"""Invoices that are late: who owes how much, reminders, and what clients' terms say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
from sqlalchemy import select

from services.documents.files import documents_of
from services.documents.shipped import shipped_templates
from services.errors import Conflict, Invalid, NotAllowed
from services.mail.model import Mail
from services.records.timeline import timeline_of
from services.sales.model import Invoice
from services.sales.receivables import days_late, late_invoices, owed_by_age
from services.sales.reminders import tell_late_invoices


@pytest.fixture
def shop(staff, clock):
    """A client of Anna's with an address; it is 2 March 2026."""
    staff.clock = clock
    made = staff.do("account.create", "anna", name="Nordlys", email="post@nordlys.example")
    staff.client_of = made.id
    return staff


def _issued(shop, **values):
    given = {"title": "Windows", "lines": [{"title": "Window", "unit_price": "100"}], **values}
    made = shop.do("invoice.create", "anna", **{"account_id": shop.client_of, **given})
    return shop.do("invoice.issue", "anna", invoice_id=made.id)


def _on(shop, day: str) -> None:
    shop.clock.moment = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)


def _remind(shop, invoice, **values):
    return shop.do("invoice.remind", "anna", invoice_id=invoice.id, **values)


def _fresh(shop, invoice):
    return shop.ask(lambda uow: uow.get(Invoice, invoice.id))


def test_a_client_is_reminded_by_a_letter_in_a_mail(shop):
    invoice = _issued(shop, due_on="2026-03-10")
    _on(shop, "2026-03-20")
    done = _remind(shop, invoice)
    kept = _fresh(shop, invoice)
    assert (done["reminders"], kept.reminders, kept.reminded_on) == (1, 1, date(2026, 3, 20))
    [letter] = shop.ask(documents_of, "invoice", invoice.id)
    assert letter.name == f"Payment reminder {kept.number}.pdf"
    mail = shop.ask(lambda uow: uow.session.scalars(select(Mail)).one())
    assert mail.to_addresses == "post@nordlys.example"
    assert "€100.00 is still to be paid" in mail.text
    told = [entry.title for entry in shop.ask(timeline_of, "invoice", invoice.id)]
    assert "Sent the first reminder: 100.00 EUR due since 10 Mar 2026" in told
    assert shop.events()[-1] == "invoice.reminded"


def test_a_reminder_asks_for_what_is_still_open(shop):
    invoice = _issued(shop, due_on="2026-03-10")
    shop.do("payment.record", "anna", invoice_id=invoice.id, amount="40")
    _on(shop, "2026-03-11")
    _remind(shop, invoice, message="Please look at it.")
    mail = shop.ask(lambda uow: uow.session.scalars(select(Mail)).one())
    assert "Please look at it." in mail.text
    told = [entry.title for entry in shop.ask(timeline_of, "invoice", invoice.id)]
    assert "Sent the first reminder: 60.00 EUR due since 10 Mar 2026" in told


def test_nobody_is_reminded_of_what_is_not_late(shop):
    invoice = _issued(shop, due_on="2026-03-10")
    _on(shop, "2026-03-10")
    with pytest.raises(Conflict, match="not late: it is due on 10 Mar 2026"):
        _remind(shop, invoice)
    _on(shop, "2026-03-11")
    shop.do("payment.record", "anna", invoice_id=invoice.id, amount="100")
    with pytest.raises(Conflict, match="is paid"):
        _remind(shop, invoice)


def test_a_client_is_reminded_once_when_two_do_it_at_once(shop):
    invoice = _issued(shop, due_on="2026-03-10")
    _on(shop, "2026-03-20")
    barrier = Barrier(2)

    def one(_):
        barrier.wait()
        try:
            _remind(shop, invoice, only_letter=True)
        except Conflict as error:
            return error.code
        return "reminded"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == ["reminded", "reminded_today"]
    assert _fresh(shop, invoice).reminders == 1


def test_only_the_letter_is_made_when_a_client_has_no_address(shop):
    client = shop.do("account.create", "anna", name="No Mail").id
    invoice = _issued(shop, account_id=client, due_on="2026-03-10")
    _on(shop, "2026-03-20")
    with pytest.raises(Invalid) as refused:
        _remind(shop, invoice)
    assert "to" in refused.value.fields
    assert _remind(shop, invoice, only_letter=True)["mail_id"] is None


def test_nobody_reminds_of_sums_that_it_may_not_see(shop):
    invoice = _issued(shop, due_on="2026-03-10")
    _on(shop, "2026-03-20")
    role = shop.do(
        "role.create",
        name="Porter",
        permissions=["record:read", "record:write", "mail:send"],
        records={"*": {"read": "all", "update": "all"}},
        field_rights={"invoice": {"gross": "hidden"}},
    )
    shop.add_person("pia", roles=(role.key,), scope="all")
    with pytest.raises(NotAllowed, match="what invoices come to"):
        shop.do("invoice.remind", "pia", invoice_id=invoice.id)


def test_processes_are_told_once_of_a_late_invoice(shop):
    _issued(shop, due_on="2026-03-10")
    _issued(shop, due_on="2026-04-10")
    _on(shop, "2026-03-11")
    for _ in range(2):
        tell_late_invoices(shop.platform)
    assert shop.events().count("invoice.late") == 1


def test_what_is_owed_is_told_by_how_late_it_is(shop):
    for due in ("2026-03-02", "2026-03-10", "2026-04-09", "2026-04-10", "2026-07-01"):
        _issued(shop, due_on=due)
    paid = _issued(shop, due_on="2026-03-05")
    shop.do("payment.record", "anna", invoice_id=paid.id, amount="30")
    shop.do("invoice.credit", "anna", invoice_id=_issued(shop, due_on="2026-03-05").id)
    day = date(2026, 5, 10)
    [owed] = shop.ask(owed_by_age, day, actor="anna")
    assert owed.by_age == (100, 100, 270, 0)  # 30 days are still the first group
    assert (owed.not_due, owed.late, owed.total, owed.count) == (100, 470, 570, 5)
    found = shop.ask(late_invoices, day, limit=3, actor="anna")
    assert [days_late(one, day) for one in found] == [69, 66, 61]
    last = found[-1]
    rest = shop.ask(late_invoices, day, limit=9, after=(last.due_on, last.id), actor="anna")
    assert [days_late(one, day) for one in rest] == [31, 30]


def test_an_invoice_is_due_as_its_account_says(shop):
    shop.do("account.update", "anna", account_id=shop.client_of, payment_days=45)
    assert _issued(shop).due_on == date(2026, 4, 16)
    shop.do("account.update", "anna", account_id=shop.client_of, payment_days=0)
    assert _issued(shop).due_on == date(2026, 3, 2)
    with pytest.raises(Invalid) as refused:
        shop.do("account.update", "anna", account_id=shop.client_of, payment_days=366)
    assert "payment_days" in refused.value.fields


def test_documents_and_mails_are_in_the_language_of_the_account(shop):
    shipped = next(one for one in shipped_templates() if one.name == "payment_reminder")
    shop.do(
        "template.create",
        name="payment_reminder",
        kind="document",
        language="nb",
        title="Purring {{ invoice.number }}",
        body=shipped.body,
    )
    shop.do("account.update", "anna", account_id=shop.client_of, language="nb")
    invoice = _issued(shop, due_on="2026-03-03")
    _on(shop, "2026-03-20")
    _remind(shop, invoice)
    [letter] = shop.ask(documents_of, "invoice", invoice.id)
    assert (letter.language, letter.name) == ("nb", f"Purring {invoice.number}.pdf")
