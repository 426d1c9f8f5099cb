"""Made-up records in large numbers: as the program itself would write them."""

from __future__ import annotations

import pytest
from sqlalchemy import func, inspect, select, text

from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal, StageStay
from services.crm.lead_model import Lead
from services.crm.request_model import ServiceRequest
from services.errors import Invalid
from services.jobs import JobEffect
from services.operations import run
from services.records.timeline import TimelineRow
from services.records.types import get_record_type
from services.scale.seeding import seed_at_scale
from services.search.finding import find_records
from services.search.model import SearchEntry

SMALL = 0.0001
MODELS = (Account, Contact, Deal, StageStay, Lead, ServiceRequest, TimelineRow, SearchEntry)
# What is different in each record, or decided by a later step than creating it.
OWN = {
    "id",
    "number",
    "version",
    "created_at",
    "updated_at",
    "owner_id",
    "team_id",
    "stage",
    "stage_since",
    "rots_at",
    "probability",
    "probability_is_manual",
    "hold_until",
    "hold_reason",
    "lost_reason",
    "won_at",
    "lost_at",
    "closed_at",
    "closed_on",
    "converted_at",
    "resolved_at",
    "status",
    "channel",
    "first_response_due_at",
    "resolution_due_at",
}


def counts(desk):
    with desk.platform.session() as session:
        return [session.scalar(select(func.count()).select_from(model)) for model in MODELS]


def test_all_kinds_of_records_are_there_when_a_little_is_seeded(desk):
    told = []
    seed_at_scale(desk.platform, SMALL, lambda done, count: told.append((done, count)))
    accounts, contacts, deals, stays, leads, requests, entries, indexed = counts(desk)
    assert (accounts, contacts, deals, leads, requests) == (20, 100, 6, 50, 24)
    assert entries == 500
    assert indexed == accounts + contacts + deals + leads + requests
    assert stays >= deals
    assert told == [(0, 1), (1, 1)]


def test_nothing_is_added_when_it_is_there_already(desk):
    seed_at_scale(desk.platform, SMALL)
    before = counts(desk)
    seed_at_scale(desk.platform, SMALL)
    assert counts(desk) == before


def test_the_rest_is_added_when_it_was_cut_off(desk):
    class CutOffError(Exception):
        pass

    def stop(done, _count):
        if done == 1:
            raise CutOffError

    with pytest.raises(CutOffError):
        seed_at_scale(desk.platform, 0.002, stop)
    assert counts(desk)[0] == 200
    seed_at_scale(desk.platform, 0.002)
    assert counts(desk)[0] == 400
    with desk.platform.session() as session:
        assert session.scalar(select(func.count()).select_from(JobEffect)) == 2


def test_other_records_stay_as_they_are_when_it_is_seeded(staff):
    kept = staff.do("contact.create", last_name="Berg", email="berg@x.example")
    seed_at_scale(staff.platform, SMALL)
    with staff.platform.session() as session:
        found = session.get(Contact, kept.id)
        assert (found.name, found.version, found.updated_at) == ("Berg", 1, kept.updated_at)


@pytest.mark.parametrize("scale", [0, -1, 21, 0.00001])
def test_a_scale_is_refused_when_it_is_out_of_range(desk, scale):
    with pytest.raises(Invalid):
        seed_at_scale(desk.platform, scale)


@pytest.mark.parametrize("name", ["account", "contact", "deal", "lead", "request"])
def test_columns_are_the_same_when_the_program_writes_such_a_record(desk, name):
    seed_at_scale(desk.platform, SMALL)
    found = get_record_type(name)

    def compare(uow):
        # Each is made once more by its operation; the number is the last word that may differ.
        for record in uow.session.scalars(select(found.model).limit(8)).all():
            values = {
                field.name: getattr(record, field.name)
                for field in found.fields
                if field.writable and field.name not in OWN
            }
            given = {key: str(value) for key, value in values.items() if value is not None}
            made = run(uow, f"{name}.create", given)
            uow.session.flush()
            for column in inspect(found.model).column_attrs:
                if column.key in OWN:
                    continue
                one, other = getattr(record, column.key), getattr(made, column.key)
                if column.key == "search_text" and hasattr(record, "number"):
                    one, other = (without_number(row) for row in (record, made))
                assert one == other, column.key
            began = select(TimelineRow.title, TimelineRow.record_title, TimelineRow.details).where(
                TimelineRow.kind == "created"
            )
            rows = [
                uow.session.execute(began.where(TimelineRow.record_id == row.id)).one()
                for row in (record, made)
            ]
            assert rows[0] == rows[1]

    desk.ask(compare)


def without_number(row):
    kept = row.number.lower().replace("-", "")
    digits = kept[1:]
    own = {f"={kept}", digits, digits.lstrip("0")}
    return [word for word in row.search_text.split(" ") if word not in own]


def test_the_index_has_the_words_of_each_record_when_it_is_seeded(desk):
    seed_at_scale(desk.platform, SMALL)
    with desk.platform.session() as session:
        for table in ("accounts", "contacts", "deals", "leads", "requests"):
            differ = session.scalar(
                text(
                    f"SELECT count(*) FROM {table} r LEFT JOIN search_entries e ON e.id = r.id"
                    " WHERE e.words IS DISTINCT FROM"
                    " array_to_tsvector(string_to_array(r.search_text, ' '))"
                    " OR e.owner_id IS DISTINCT FROM r.owner_id"
                    " OR e.team_id IS DISTINCT FROM r.team_id"
                )
            )
            assert differ == 0, table
        name = session.scalar(select(Contact.name).limit(1))
    assert name in [hit.title for hit in desk.ask(find_records, name)]


def test_stays_of_deals_follow_each_other_when_they_are_seeded(desk):
    seed_at_scale(desk.platform, 0.001)
    with desk.platform.session() as session:
        deals = session.scalars(select(Deal)).all()
        for deal in deals:
            stays = session.scalars(
                select(StageStay)
                .where(StageStay.deal_id == deal.id)
                .order_by(StageStay.entered_at, StageStay.left_at.is_(None))
            ).all()
            assert stays[0].entered_at == deal.created_at
            assert stays[-1].left_at is None
            assert stays[-1].stage == deal.stage
            assert [stay.left_at for stay in stays[:-1]] == [stay.entered_at for stay in stays[1:]]
    assert len({deal.stage for deal in deals}) > 4
