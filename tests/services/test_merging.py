"""Merging two records that are the same, and undoing it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Uuid, func, insert, select, text

import processes.models
from services.crm.deal_model import DEAL
from services.crm.deal_people import CONTACT_ROLES
from services.database import Base, new_id
from services.duplicates.anchors import MERGEABLE
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.operations import run
from services.people.model import find_user
from services.points.keeping import points_of
from services.records.changes import check_given_links
from services.records.lists import list_records
from services.records.merging import list_merges
from services.records.pointers import NOT_MOVED, pointers_to
from services.records.timeline import timeline_of
from services.records.types import all_record_types, get_record, present_record


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


def test_a_record_that_was_merged_away_stays_in_the_bin_until_the_merge_is_undone(staff, pair):
    one, two = pair
    _merge(staff, one, two)
    about = {"record_type": "account", "record_id": two.id}
    with pytest.raises(Conflict, match="was merged into “Nordlys AS”"):
        staff.do("record.restore", "anna", **about)
    staff.do("record.delete", "anna", record_type="account", record_id=one.id)
    with pytest.raises(Conflict, match="was merged into another record"):
        staff.do("record.restore", "anna", **about)


def test_what_was_noted_since_is_told_of_the_account_that_is_back_when_a_merge_is_undone(
    staff, pair
):
    one, two = pair
    (theirs,) = staff.ask(list_records, "deal", filters={"account_id": str(two.id)}).items
    made = _merge(staff, one, two)
    staff.do("note.add", "anna", record_type="deal", record_id=theirs.id, text="In between")
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    told = [[e.body for e in staff.ask(timeline_of, "account", each.id)] for each in pair]
    assert ["In between" in bodies for bodies in told] == [False, True]


def test_what_a_person_left_is_told_of_the_account_of_the_one_that_is_kept(staff, pair):
    one, two = (
        staff.do("contact.create", "anna", last_name="Berg", account_id=each.id) for each in pair
    )
    staff.do("note.add", "anna", record_type="contact", record_id=two.id, text="Before")
    made = _merge(staff, one, two)
    for account in pair:
        bodies = [entry.body for entry in staff.ask(timeline_of, "account", account.id)]
        assert ("Before" in bodies) == (account is pair[0])
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert "Before" in [e.body for e in staff.ask(timeline_of, "account", pair[1].id)]


def test_a_merge_is_found_until_it_is_undone(staff, pair):
    one, two = pair
    made = _merge(staff, one, two)
    ((merge, title),) = staff.ask(list_merges, "account", one.id)
    assert (merge.id, title) == (made["merge_id"], two.name)
    later = _merge(staff, one, staff.do("account.create", "anna", name="Later"))
    titles = [title for _merge_, title in staff.ask(list_merges, "account", one.id)]
    assert titles == ["Later", two.name]
    staff.do("record.unmerge", "anna", merge_id=later["merge_id"])
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert staff.ask(list_merges, "account", one.id) == []


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


def test_a_merge_of_accounts_waits_for_who_changes_a_contact_when_that_began_before(staff, pair):
    one, two = pair
    (contact,) = staff.ask(list_records, "contact", filters={"account_id": str(two.id)}).items
    held = select(type(two).id).where(type(two).id == two.id)
    waits = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def change(uow):
        get_record(uow, "contact", contact.id, lock=True)
        merging = pool.submit(_merge, staff, one, two)
        with staff.platform.reader() as watch:
            while not watch.scalar(waits):
                with suppress(TimeoutError):
                    merging.result(timeout=0.02)
        # What the timeline's entry asks for; it would be refused if the merge had the account.
        uow.session.execute(held.with_for_update(read=True, key_share=True, nowait=True))
        return merging

    with ThreadPoolExecutor(1) as pool:
        staff.ask(change).result()
    assert _fresh(staff, contact).account_id == one.id


@pytest.mark.parametrize(
    ("operation", "raw"),
    [
        ("note.add", {"text": "Hello"}),
        ("mail.send", {"to": "eva@nordlys.example", "subject": "Hello", "body": "Hello"}),
        ("activity.create", {"subject": "Call", "kind": "call"}),
    ],
)
def test_nobody_merges_a_record_away_when_something_is_being_written_on_it(staff, operation, raw):
    lead = staff.do("lead.create", "anna", name="Kari Nordmann")
    prefix = "regarding" if operation == "activity.create" else "record"
    about = {f"{prefix}_type": "lead", f"{prefix}_id": lead.id}

    def write(uow):
        run(uow, operation, raw | about)
        return _is_free(staff, "leads", lead.id)

    assert staff.platform.transact(staff.people["anna"], write) is False


def test_nobody_merges_a_record_away_when_another_is_being_linked_to_it(staff, pair):
    def link(uow):
        check_given_links(uow, DEAL, {"account_id": pair[1].id})
        return _is_free(staff, "accounts", pair[1].id)

    assert staff.platform.transact(staff.people["anna"], link) is False


def _is_free(staff, table, key):
    """Whether somebody else could lock the row now, as merging does."""
    with staff.platform.engine.connect() as connection:
        held = text(f"SELECT id FROM {table} WHERE id = :key FOR UPDATE SKIP LOCKED")
        return connection.scalar(held, {"key": key}) is not None


_FIELDS = ("phone", "city", "country", "industry", "description", "address")


@given(
    st.fixed_dictionaries({name: st.sampled_from([None, "a", "b"]) for name in _FIELDS[1:]}),
    st.fixed_dictionaries({name: st.sampled_from([None, "a", "b"]) for name in _FIELDS[1:]}),
    st.sets(st.sampled_from(_FIELDS)),
)
@settings(max_examples=20)
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


def _record_tables():
    return {found.name: found.model.__table__ for found in all_record_types()}


def test_every_key_of_a_record_moves_when_it_is_merged_or_says_why_not():
    assert processes.models
    tables = {name: table for name, table in _record_tables().items() if name in MERGEABLE}
    silent = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            for name, target in tables.items():
                points = any(key.column.table is target for key in column.foreign_keys)
                is_moved = any(one.column is column for one in pointers_to(name))
                if points and not is_moved and table.name not in NOT_MOVED:
                    silent.append(f"{table.name}.{column.name}")
    assert silent == []


# Keys of people, processes, runs and other things that are no records; of a record's own row.
NO_RECORDS = {
    "client_subscription_lines.source_id",
    "consent_entries.actor_id",
    "contract_lines.source_id",
    "deployments.actor_id",
    "invoice_lines.source_id",
    "layout_versions.token",
    "loyalty_entries.source_id",
    "mails.thread_id",
    "marketing_fills.after",
    "message_receipts.instance_id",
    "migration_runs.created_by_id",
    "notifications.about_id",
    "order_lines.source_id",
    "process_drafts.saved_by_id",
    "queue_entries.queue_id",
    "quote_lines.source_id",
    "record_shares.holder_id",
    "rights_versions.version",
    "search_entries.owner_id",
    "search_entries.team_id",
    "territory_changes.from_id",
    "territory_changes.to_id",
    "territory_runs.after",
    "timeline_entries.actor_id",
    "work_items.assignee_id",
    "work_items.ended_by_id",
}


def test_every_loose_key_is_known_so_that_no_record_is_forgotten_in_a_merge():
    assert processes.models
    loose = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if table.name not in NOT_MOVED
        and isinstance(column.type, Uuid)
        and not column.foreign_keys
        and not column.primary_key
        and "type_column" not in column.info
        and not (column.name == "record_id" and "record_type" in table.columns)
    }
    # A new one that holds records' keys says so by its column of the type; see `pointers`.
    assert loose <= NO_RECORDS, loose - NO_RECORDS


def test_both_have_the_same_only_once_when_they_are_merged(staff):
    one = staff.do("contact.create", "anna", last_name="Berg", email="eva@nordlys.example")
    two = staff.do("contact.create", "anna", last_name="Bergh", email="eva@nordlys.example")
    deal = staff.do("deal.create", "anna", name="Windows")
    boris = str(staff.people["boris"].user_id)
    for contact in (one, two):
        about = {"record_type": "contact", "record_id": str(contact.id)}
        staff.do("record.tag", "anna", **about, name="VIP")
        staff.do("record.share", "anna", **about, user_id=boris, level="read")
        named = {"deal_id": str(deal.id), "contact_id": str(contact.id)}
        staff.do("deal.set_contact", "anna", **named, role=CONTACT_ROLES[0])
    before = _rows(staff)
    made = _merge(staff, one, two)
    with staff.platform.engine.connect() as connection:
        for table in ("tag_links", "record_shares", "contact_points", "deal_contacts"):
            column = "contact_id" if table == "deal_contacts" else "record_id"
            where = text(f"SELECT count(*) FROM {table} WHERE {column} = :key")
            assert connection.scalar(where, {"key": one.id}) == 1, table
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert _rows(staff) == before


def _rows(staff):
    with staff.platform.engine.connect() as connection:
        return {
            table: set(connection.execute(text(f"SELECT id, {column} FROM {table}")).all())
            for table, column in (
                ("tag_links", "record_id"),
                ("record_shares", "record_id"),
                ("contact_points", "record_id"),
                ("deal_contacts", "contact_id"),
            )
        }


def test_who_opted_out_of_one_has_opted_out_of_both_until_it_is_undone(staff):
    one = staff.do("contact.create", "anna", last_name="Berg", email="eva@nordlys.example")
    two = staff.do("contact.create", "anna", last_name="Bergh", email="eva@nordlys.example")
    (point,) = staff.ask(points_of, two)
    staff.do("contact_point.opt_out", "anna", contact_point_id=str(point.id), reason="Said so")
    made = _merge(staff, one, two)
    (kept,) = staff.ask(points_of, one)
    assert (kept.opted_out_at, kept.opt_out_reason) == (point_time(staff, two), "Said so")
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    (kept,) = staff.ask(points_of, one)
    assert kept.opted_out_at is None


def point_time(staff, record):
    (point,) = staff.ask(points_of, record)
    return point.opted_out_at


def test_two_requests_with_promises_become_one(staff):
    one, two = (staff.do("request.create", "sven", subject="Draught") for _ in range(2))
    made = _merge(staff, one, two, who="sven")
    with pytest.raises(NotFound):
        _fresh(staff, two)
    staff.do("record.unmerge", "sven", merge_id=made["merge_id"])
    assert _fresh(staff, two).deleted_at is None


def test_positions_move_only_to_a_deal_without_any(staff):
    one, two = (staff.do("deal.create", "anna", name="Windows") for _ in range(2))

    def put(uow, deal, count):
        for position in range(1, count + 1):
            values = {"id": new_id(), "deal_id": deal.id, "position": position}
            uow.session.execute(insert(positions).values(_position(positions) | values))

    positions = Base.metadata.tables["deal_positions"]
    staff.ask(put, one, 1)
    staff.ask(put, two, 2)
    _merge(staff, one, two)
    count = select(func.count()).where(positions.c.deal_id == one.id)
    assert staff.ask(lambda uow: uow.session.scalar(count)) == 1


def _position(table):
    """Return something for each column that must not be empty."""
    usual = {str: "x", int: 1, Decimal: Decimal(1), bool: False}
    return {
        column.name: usual[column.type.python_type]
        for column in table.columns
        if not column.nullable
        and column.server_default is None
        and not column.foreign_keys
        and column.type.python_type in usual
    }


def test_a_merge_is_refused_while_the_same_process_runs_on_both(staff, pair):
    def begin(uow, account):
        uow.session.execute(
            text(
                "INSERT INTO process_instances (id, version_id, process_key, record_type,"
                " record_id, exclusive, state, started_at, started_by, snapshot, start_depth)"
                " VALUES (gen_random_uuid(), :version, 'onboarding', 'account', :key, true,"
                " 'running', now(), 'x', '', 0)"
            ),
            {"key": account.id, "version": _version(uow)},
        )

    for account in pair:
        staff.ask(begin, account)
    with pytest.raises(Conflict, match="onboarding"):
        _merge(staff, *pair)


def _version(uow):
    uow.session.execute(text("SET LOCAL session_replication_role = replica"))
    return new_id()


def test_a_merge_is_not_undone_when_another_has_a_unique_value_by_now(staff):
    staff.do(
        "custom_field.create",
        "olga",
        record_type="lead",
        label="Passport",
        key="passport",
        kind="text",
        is_unique=True,
    )
    one = staff.do("lead.create", "anna", name="Eva", c_passport="A1")
    two = staff.do("lead.create", "anna", name="Eva", c_passport="B2")
    made = _merge(staff, one, two)
    staff.do("lead.create", "anna", name="Ola", c_passport="B2")
    with pytest.raises(Invalid, match="marked"):
        staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    with pytest.raises(NotFound):
        _fresh(staff, two)


def test_a_unique_value_goes_over_and_back(staff):
    staff.do(
        "custom_field.create",
        "olga",
        record_type="lead",
        label="Passport",
        key="passport",
        kind="text",
        is_unique=True,
    )
    one = staff.do("lead.create", "anna", name="Eva")
    two = staff.do("lead.create", "anna", name="Eva", c_passport="B2")
    made = _merge(staff, one, two)
    assert _fresh(staff, one).c_passport == "B2"
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert (_fresh(staff, one).c_passport, _fresh(staff, two).c_passport) == (None, "B2")


def test_what_does_not_go_back_is_told_when_a_merge_is_undone(staff, pair):
    one, two = pair
    third = staff.do("account.create", "anna", name="Third")
    made = _merge(staff, one, two, "phone")
    staff.do("account.update", "anna", account_id=one.id, phone="+47 22 00 00 03")
    (moved, *_) = staff.ask(list_records, "deal", filters={"account_id": str(one.id)}).items
    staff.do("deal.update", "anna", deal_id=moved.id, account_id=third.id)
    done = staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert "Phone" in done["left"]
    assert "1 deals" in done["left"]


def test_the_later_merge_is_undone_first_when_the_kept_one_was_merged_too(staff, pair):
    one, two = pair
    third = staff.do("account.create", "anna", name="Third")
    first = _merge(staff, one, two)
    second = _merge(staff, third, one)
    with pytest.raises(Conflict, match="Undo that first"):
        staff.do("record.unmerge", "anna", merge_id=first["merge_id"])
    staff.do("record.unmerge", "anna", merge_id=second["merge_id"])
    staff.do("record.unmerge", "anna", merge_id=first["merge_id"])
    assert _fresh(staff, two).name == "Nordlys"


def test_an_edit_is_not_lost_silently_when_the_record_is_merged_at_the_same_time(staff, pair):
    one, two = pair

    def merge():
        return _merge(staff, one, two)["merge_id"]

    def edit():
        try:
            staff.do("account.update", "anna", account_id=two.id, industry="Energy")
        except (NotFound, NotAllowed, Conflict):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        merging, editing = pool.submit(merge), pool.submit(edit)
        merging.result()
        was_edited = editing.result()
    # Either the edit came first and went along, or it was refused.
    assert _fresh(staff, one).industry == ("Energy" if was_edited else None)


def test_records_of_an_added_type_are_merged_and_taken_apart(staff):
    staff.do("custom_type.create", "olga", label="Machine", plural="Machines", key="machine")
    one, two = (staff.do("x_machine.create", "anna", name=name) for name in ("Lathe", "Lathe 2"))
    staff.do("note.add", "anna", record_type="x_machine", record_id=two.id, text="Hello")
    made = _merge(staff, one, two, "name")
    assert _fresh(staff, one).name == "Lathe 2"
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert (_fresh(staff, one).name, _fresh(staff, two).name) == ("Lathe", "Lathe 2")
