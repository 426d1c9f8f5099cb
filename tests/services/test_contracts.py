"""Contracts: their terms, notice periods, renewals and ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from processes.jobs.draining import drain
from services.activities.model import Activity
from services.contracts.daily import look_after_contracts
from services.contracts.model import Contract
from services.errors import Conflict, Invalid, NotAllowed, NotFound, StaleVersion
from services.people.model import User
from services.records.timeline import timeline_of
from services.unit_of_work import UnitOfWork


@pytest.fixture
def office(staff, clock, monkeypatch):
    """A client of Anna's; it is 2 March 2026. What is announced is kept in ``told``."""
    staff.clock, staff.told = clock, []
    emit = UnitOfWork.emit

    def keep(uow, event, *about, **payload):
        staff.told.append(event)
        emit(uow, event, *about, **payload)

    monkeypatch.setattr(UnitOfWork, "emit", keep)
    staff.client_of = staff.do("account.create", "anna", name="Nordlys").id
    return staff


def _contract(office, actor="anna", **values):
    """Return an active contract: 1 January to 31 December 2026, three months' notice."""
    given = {
        "title": "Upkeep",
        "account_id": office.client_of,
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "notice_count": 3,
        **values,
    }
    made = office.do("contract.create", actor, **given)
    return office.do("contract.activate", actor, contract_id=made.id)


def _fresh(office, contract):
    return office.ask(lambda uow: uow.get(Contract, contract.id))


def _go_to(office, day: str) -> None:
    """Let it be noon of a day, and the day's work be done."""
    office.clock.moment = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    office.ask(look_after_contracts)
    drain(office.platform)


def _tasks(office, contract):
    with office.platform.session() as session:
        return session.scalars(select(Activity).where(Activity.regarding_id == contract.id)).all()


def test_a_contract_has_a_number_and_is_worth_its_lines(office):
    lines = [{"title": "Upkeep", "quantity": 12, "unit_price": 100}]
    made = office.do(
        "contract.create", "anna", title="Upkeep", account_id=office.client_of, lines=lines
    )
    assert (made.number, made.status, made.value) == ("C-2026-00001", "draft", Decimal(1200))
    with pytest.raises(Invalid, match="The value is the sum of the lines"):
        office.do("contract.update", "anna", contract_id=made.id, value=5)


def test_a_value_is_kept_as_given_when_there_are_no_lines(office):
    made = office.do(
        "contract.create",
        "anna",
        title="Upkeep",
        account_id=office.client_of,
        value="1000.5",
        currency="JPY",
    )
    assert made.value == 1001
    changed = office.do("contract.update", "anna", contract_id=made.id, value="2000")
    assert changed.value == 2000


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"ends_on": "2025-12-31"}, "ends_on"),
        ({"ends_on": None, "renewal_months": 12}, "ends_on"),
        ({"starts_on": "0001-01-01"}, "starts_on"),
        ({"ends_on": "9999-12-31"}, "ends_on"),
        ({"renewal_months": 0}, "renewal_months"),
        ({"notice_count": -1}, "notice_count"),
        ({"notice_unit": "years"}, "notice_unit"),
    ],
)
def test_terms_are_refused_when_they_make_no_sense(office, values, field):
    given = {"title": "X", "account_id": office.client_of, "starts_on": "2026-01-01"}
    with pytest.raises(Invalid) as refused:
        office.do("contract.create", "anna", **{**given, **values})
    assert list(refused.value.fields) == [field]


def test_a_contract_needs_a_start_to_be_put_into_force(office):
    made = office.do("contract.create", "anna", title="X", account_id=office.client_of)
    with pytest.raises(Invalid, match="Say when the contract starts"):
        office.do("contract.activate", "anna", contract_id=made.id)


def test_what_was_agreed_stays_when_a_contract_is_in_force(office):
    contract = _contract(office)
    with pytest.raises(Invalid, match="keeps its end of term"):
        office.do("contract.update", "anna", contract_id=contract.id, ends_on="2027-12-31")
    with pytest.raises(Invalid, match="keeps its lines"):
        office.do("contract.update", "anna", contract_id=contract.id, lines=[])
    changed = office.do("contract.update", "anna", contract_id=contract.id, title="Care", value=0)
    assert changed.title == "Care"


def test_a_second_change_is_refused_when_somebody_was_quicker(office):
    contract = _contract(office)
    office.do(
        "contract.update", "anna", contract_id=contract.id, version=contract.version, note="A"
    )
    with pytest.raises(StaleVersion):
        office.do(
            "contract.update", "anna", contract_id=contract.id, version=contract.version, note="B"
        )


def test_a_contract_that_renews_ends_at_the_end_of_a_term(office):
    contract = _contract(office, renewal_months=12)
    cancelled = office.do("contract.cancel", "anna", contract_id=contract.id, reason="Too dear")
    assert (cancelled.cancels_on, cancelled.status) == (date(2026, 12, 31), "active")
    assert office.told[-1] == "contract.cancelled"


def test_the_earliest_day_is_told_when_the_notice_period_is_too_short(office):
    contract = _contract(office, renewal_months=12)
    office.clock.moment = datetime(2026, 10, 1, 9, tzinfo=UTC)
    with pytest.raises(Invalid) as refused:
        office.do(
            "contract.cancel",
            "anna",
            contract_id=contract.id,
            reason="Too dear",
            ends_on="2026-12-31",
        )
    assert (
        refused.value.message == "The notice period is 3 months. The earliest day is 31 Dec 2027."
    )
    assert (refused.value.code, list(refused.value.fields)) == ("notice_period", ["ends_on"])


def test_notice_counts_from_the_day_it_was_given(office):
    contract = _contract(office, renewal_months=12)
    office.clock.moment = datetime(2026, 10, 5, 9, tzinfo=UTC)
    cancelled = office.do(
        "contract.cancel", "anna", contract_id=contract.id, reason="Letter", given_on="2026-09-30"
    )
    assert cancelled.cancels_on == date(2026, 12, 31)
    assert cancelled.cancelled_on == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("count", "unit", "earliest"),
    [(3, "months", "2026-06-02"), (14, "days", "2026-03-16"), (0, "months", "2026-03-02")],
)
def test_a_contract_without_end_ends_after_its_notice_period(office, count, unit, earliest):
    contract = _contract(office, ends_on=None, notice_count=count, notice_unit=unit)
    cancelled = office.do("contract.cancel", "anna", contract_id=contract.id, reason="Moves")
    assert cancelled.cancels_on.isoformat() == earliest


def test_only_ends_of_terms_are_taken_when_a_contract_renews(office):
    contract = _contract(office, renewal_months=6)
    with pytest.raises(Invalid, match=r"end of a term: 31 Dec 2026 or 30 Jun 2027\."):
        office.do(
            "contract.cancel", "anna", contract_id=contract.id, reason="X", ends_on="2027-03-31"
        )


def test_neither_notice_nor_term_count_when_both_sides_agree(office):
    contract = _contract(office, renewal_months=12)
    cancelled = office.do(
        "contract.cancel",
        "anna",
        contract_id=contract.id,
        reason="Sold",
        ends_on="2026-03-10",
        by_agreement=True,
    )
    assert cancelled.cancels_on == date(2026, 3, 10)
    with pytest.raises(Conflict, match="cancelled already, to 10 Mar 2026"):
        office.do("contract.cancel", "anna", contract_id=contract.id, reason="Again")


def test_a_last_day_that_is_over_is_refused(office):
    contract = _contract(office)
    with pytest.raises(Invalid, match="can't be over already"):
        office.do(
            "contract.cancel",
            "anna",
            contract_id=contract.id,
            reason="X",
            ends_on="2026-03-01",
            by_agreement=True,
        )


def test_a_cancelled_contract_is_in_force_until_its_last_day_is_over(office):
    contract = _contract(office, renewal_months=12)
    office.do("contract.cancel", "anna", contract_id=contract.id, reason="Too dear")
    _go_to(office, "2026-12-31")
    assert _fresh(office, contract).status == "active"
    _go_to(office, "2027-01-01")
    assert _fresh(office, contract).status == "cancelled"
    assert office.told.count("contract.ended") == 1


def test_a_cancellation_is_taken_back(office):
    contract = _contract(office, renewal_months=12)
    office.do("contract.cancel", "anna", contract_id=contract.id, reason="Too dear")
    kept = office.do("contract.keep", "anna", contract_id=contract.id)
    assert (kept.cancels_on, kept.cancel_reason) == (None, None)
    _go_to(office, "2027-01-01")
    assert _fresh(office, contract).ends_on == date(2027, 12, 31)


def test_each_term_is_renewed_once_after_days_without_a_worker(office):
    contract = _contract(office, ends_on="2026-01-30", starts_on="2025-12-31", renewal_months=1)
    _go_to(office, "2026-04-02")
    found = _fresh(office, contract)
    assert (found.status, found.ends_on) == ("active", date(2026, 4, 29))
    assert office.told.count("contract.renewed") == 3
    _go_to(office, "2026-04-03")
    assert office.told.count("contract.renewed") == 3


def test_a_contract_without_renewal_ends(office):
    contract = _contract(office, ends_on="2026-03-31")
    _go_to(office, "2026-04-01")
    assert _fresh(office, contract).status == "ended"
    renewed = office.do("contract.renew", "anna", contract_id=contract.id, months=3)
    assert (renewed.status, renewed.ends_on) == ("active", date(2026, 6, 30))


def test_renewing_asks_by_how_long_when_nothing_says_it(office):
    contract = _contract(office)
    with pytest.raises(Invalid, match="Say by how many months, or until when"):
        office.do("contract.renew", "anna", contract_id=contract.id)
    with pytest.raises(Invalid, match="until 31 Dec 2026 already"):
        office.do("contract.renew", "anna", contract_id=contract.id, until="2026-12-31")


def test_the_owner_is_reminded_once_before_it_must_be_decided(office):
    contract = _contract(office, renewal_months=12, remind_days=30)
    _go_to(office, "2026-08-30")
    assert not _tasks(office, contract)
    _go_to(office, "2026-08-31")
    assert len(_tasks(office, contract)) == 1
    _go_to(office, "2026-09-01")
    [task] = _tasks(office, contract)
    assert task.owner_id == office.actor("anna").user_id
    assert task.due_at.date() == date(2026, 9, 30)
    assert "notice can be given until 30 Sep 2026" in task.description
    assert office.told.count("contract.expiring") == 1
    told = office.ask(lambda uow: timeline_of(uow, "contract", contract.id))
    assert any(entry.title.startswith("Reminded: it renews after 31 Dec 2026") for entry in told)
    _go_to(office, "2027-09-15")
    assert len(_tasks(office, contract)) == 2


def test_an_account_tells_of_its_contracts(office):
    _contract(office)
    told = office.ask(lambda uow: timeline_of(uow, "account", office.client_of), actor="anna")
    assert "Made contract “Upkeep”" in [entry.title for entry in told]


def test_a_won_deal_becomes_one_contract(office):
    deal = office.do("deal.create", "anna", name="Windows", account_id=office.client_of)
    positions = [{"title": "Window", "quantity": 2, "unit_price": "100"}]
    office.do("deal.set_positions", "anna", deal_id=deal.id, positions=positions)
    with pytest.raises(Conflict, match="Only a deal that was won"):
        office.do("contract.make_from_deal", "anna", deal_id=deal.id)
    office.do("deal.move_stage", "anna", deal_id=deal.id, stage="won")
    made = office.do("contract.make_from_deal", "anna", deal_id=deal.id)
    again = office.do("contract.make_from_deal", "anna", deal_id=deal.id)
    assert (made.value, made.deal_id, again.id) == (200, deal.id, made.id)


def test_contracts_of_others_are_not_found(office):
    contract = _contract(office)
    with pytest.raises(NotFound):
        office.do("contract.cancel", "sven", contract_id=contract.id, reason="X")
    office.do("record.delete", "anna", record_type="contract", record_id=_draft(office).id)
    with pytest.raises(Conflict, match="Only a draft can be deleted"):
        office.do("record.delete", "anna", record_type="contract", record_id=contract.id)


def _draft(office):
    return office.do("contract.create", "anna", title="X", account_id=office.client_of)


def test_contracts_are_imported_by_their_account(importing, clock):
    importing.desk.do("account.create", "olga", name="Nordlys")
    text = (
        "Title,Account,Start,End of term,Value,Currency\n"
        "Upkeep,Nordlys,2026-01-01,2026-12-31,1200,NOK\n"
        "Odd,Nordlys,2026-01-01,2025-12-31,1,NOK\n"
    )
    done = importing.whole(text, "contract")
    assert (done.counts["create"], done.counts["error"]) == (1, 1)
    found = importing.desk.ask(lambda uow: uow.session.scalars(select(Contract)).one())
    assert (found.title, found.value, found.currency) == ("Upkeep", 1200, "NOK")
    assert clock.moment - found.created_at < timedelta(days=1)


def test_only_a_file_of_its_own_is_a_contracts_signed_paper(office):
    contract, other = _contract(office), _draft(office)
    paper = {"field": "signed_document_id", "name": "signed.pdf", "content": "aGVsbG8="}
    about = {"record_type": "contract", "record_id": contract.id}
    signed = office.do("record.attach", "anna", **about, **paper).signed_document_id
    assert signed is not None
    with pytest.raises(NotFound, match="There is no such document"):
        office.do("contract.update", "anna", contract_id=other.id, signed_document_id=signed)


def test_nobody_ends_a_contract_that_it_may_only_see(office):
    contract = _contract(office)
    office.do(
        "record.share",
        "anna",
        record_type="contract",
        record_id=contract.id,
        user_id=office.actor("sven").user_id,
        level="read",
    )
    office.people["sven"] = office.ask(lambda uow: _anew(uow, office))
    with pytest.raises(NotAllowed):
        office.do("contract.cancel", "sven", contract_id=contract.id, reason="X")


def _anew(uow, office):
    return uow.get(User, office.actor("sven").user_id).actor()
