"""Merging two records that are the same, and undoing it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.people.model import find_user
from services.records.lists import list_records
from services.records.merging import find_merge, pointers_to
from services.records.timeline import timeline_of
from services.records.types import get_record, present_record


def _merge(staff, kept, dropped, *take, who="anna"):
    return staff.do(
        "record.merge",
        who,
        record_type=kept.record_type,
        kept_id=kept.id,
        dropped_id=dropped.id,
        take=list(take),
    )


def _fresh(staff, record):
    return staff.ask(get_record, record.record_type, record.id)


@pytest.fixture
def pair(staff):
    """The same company twice, each with something of its own."""
    one = staff.do("account.create", "anna", name="Nordlys AS", phone="+47 22 00 00 01")
    two = staff.do(
        "account.create",
        "anna",
        name="Nordlys",
        phone="+47 22 00 00 02",
        website="https://www.nordlys.example",
        city="Oslo",
    )
    for account in (one, two):
        staff.do("contact.create", "anna", last_name="Eva", account_id=account.id)
        staff.do("deal.create", "anna", name="Windows", account_id=account.id)
        staff.do("note.add", "anna", record_type="account", record_id=account.id, text="Hello")
    return one, two


def test_empty_fields_are_filled_and_chosen_ones_taken_over(staff, pair):
    one, two = pair
    _merge(staff, one, two, "phone")
    kept = _fresh(staff, one)
    assert (kept.name, kept.phone, kept.city) == ("Nordlys AS", "+4722000002", "Oslo")
    assert kept.domain == "nordlys.example"


def test_all_that_belonged_to_the_other_belongs_to_the_kept_one(staff, pair):
    one, two = pair
    _merge(staff, one, two)
    for record_type in ("contact", "deal"):
        page = staff.ask(list_records, record_type, filters={"account_id": str(one.id)})
        assert len(page.items) == 2
    titles = [entry.title for entry in staff.ask(timeline_of, "account", one.id)]
    assert sum("note" in title.lower() for title in titles) == 2
    assert "Merged with “Nordlys”" in titles
    with pytest.raises(NotFound):
        _fresh(staff, two)


def test_nothing_points_to_the_other_record_when_it_is_merged(staff, pair):
    one, two = pair
    _merge(staff, one, two)
    with staff.platform.engine.connect() as connection:
        for pointer in pointers_to("account"):
            if pointer.name == "timeline_entries.record_id":
                continue  # that it was merged away is told on itself
            own = " AND record_id <> :k" if pointer.table.name == "timeline_entries" else ""
            where = f"{pointer.table.name} WHERE {pointer.column.name} = :k{own}"
            found = connection.execute(
                text(f"SELECT count(*) FROM {where}"), {"k": two.id}
            ).scalar()
            assert found == 0, pointer.name


def test_everything_is_as_before_when_a_merge_is_undone(staff, pair):
    one, two = pair
    before = [present_record(_fresh(staff, record)) for record in pair]
    owners = _owners(staff)
    made = _merge(staff, one, two, "phone", "name")
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    after = [present_record(_fresh(staff, record)) for record in pair]
    for old, new in zip(before, after, strict=True):
        for name in ("version", "updated_at"):
            del old[name], new[name]
        assert old == new
    assert _owners(staff) == owners
    with pytest.raises(Conflict):
        staff.do("record.unmerge", "anna", merge_id=made["merge_id"])


def _owners(staff):
    with staff.platform.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT id, account_id FROM contacts UNION ALL SELECT id, account_id FROM deals")
        )
        return {row.id: row.account_id for row in rows}


def test_what_was_changed_since_stays_when_a_merge_is_undone(staff, pair):
    one, two = pair
    third = staff.do("account.create", "anna", name="Third")
    made = _merge(staff, one, two, "phone")
    staff.do("account.update", "anna", account_id=one.id, phone="+47 22 00 00 03")
    (moved, *_) = staff.ask(list_records, "deal", filters={"account_id": str(one.id)}).items
    staff.do("deal.update", "anna", deal_id=moved.id, account_id=third.id)
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert _fresh(staff, one).phone == "+4722000003"
    assert _fresh(staff, one).city is None
    assert _fresh(staff, moved).account_id == third.id


def test_a_merge_is_found_until_it_is_undone(staff, pair):
    one, two = pair
    made = _merge(staff, one, two)
    assert staff.ask(find_merge, "account", one.id).id == made["merge_id"]
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert staff.ask(find_merge, "account", one.id) is None


def test_owner_and_team_stay_unless_they_are_chosen(staff):
    one = staff.do("account.create", "maria", name="One")
    two = staff.do("account.create", "maria", name="Two")
    staff.do("record.assign", "maria", record_type="account", record_id=two.id, group="Sales")
    _merge(staff, one, two, who="maria")
    kept = _fresh(staff, one)
    assert (kept.owner_id, kept.team_id) == (one.owner_id, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"record_type": "invoice"}, "record_type"),
        ({"take": ["name_key"]}, "take"),
        ({"take": ["created_at"]}, "take"),
    ],
)
def test_a_merge_is_refused_when_it_makes_no_sense(staff, pair, change, field):
    one, two = pair
    raw = {"record_type": "account", "kept_id": one.id, "dropped_id": two.id, **change}
    with pytest.raises(Invalid) as caught:
        staff.do("record.merge", "anna", **raw)
    assert field in caught.value.fields


def test_a_record_is_not_merged_with_itself(staff, pair):
    with pytest.raises(Invalid):
        _merge(staff, pair[0], pair[0])


def test_a_record_is_not_found_when_it_is_another_teams(staff, pair):
    theirs = staff.do("account.create", "sven", name="Nordlys")
    for kept, dropped in ((pair[0], theirs), (theirs, pair[0])):
        with pytest.raises(NotFound):
            _merge(staff, kept, dropped)


def test_a_record_is_not_given_up_when_the_person_may_not_delete_it(staff):
    ours = staff.do("lead.create", "anna", name="Kari Nordmann")
    theirs = staff.do("lead.create", "sven", name="Kari Nordman")
    anna = staff.people["anna"].user_id
    staff.do(
        "record.share", "sven", record_type="lead", record_id=theirs.id, user_id=anna, level="write"
    )
    staff.people["anna"] = staff.ask(lambda uow: find_user(uow, "anna@lanewise.example").actor())
    with pytest.raises(NotAllowed):
        _merge(staff, ours, theirs)
    assert _fresh(staff, theirs).deleted_at is None


def test_one_merge_wins_when_two_keep_the_other_one(staff, pair):
    one, two = pair

    def merge(ends):
        try:
            _merge(staff, *ends)
        except NotFound:
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(merge, ((one, two), (two, one)))) == 1


_FIELDS = ("phone", "city", "country", "industry", "description", "address")


@given(
    st.fixed_dictionaries({name: st.sampled_from([None, "a", "b"]) for name in _FIELDS[1:]}),
    st.fixed_dictionaries({name: st.sampled_from([None, "a", "b"]) for name in _FIELDS[1:]}),
    st.sets(st.sampled_from(_FIELDS)),
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_undoing_is_the_inverse_whatever_is_taken_over(staff, ours, theirs, take):
    one = staff.do("account.create", "anna", name="One", **ours)
    two = staff.do("account.create", "anna", name="Two", **theirs)
    made = _merge(staff, one, two, *take)
    kept = _fresh(staff, one)
    for name in _FIELDS[1:]:
        wanted = theirs[name] if name in take or ours[name] is None else ours[name]
        assert getattr(kept, name) == wanted
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert {name: getattr(_fresh(staff, one), name) for name in ours} == ours
    assert {name: getattr(_fresh(staff, two), name) for name in theirs} == theirs
