"""Contact points: rows and columns in step, whoever writes, and what is known of each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from services.audit import AuditEntry
from services.duplicates.finding import find_duplicates
from services.errors import Conflict, Invalid, NotFound
from services.points.keeping import points_of
from services.points.model import ContactPoint
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.records.types import get_record


@pytest.fixture
def eva(staff):
    return staff.do(
        "contact.create", "anna", last_name="Lund", email="eva@nordlys.example", phone="+4722000001"
    )


def _points(staff, record):
    """Return kind and value of each point, the primary ones first."""

    def ask(uow):
        found = points_of(uow, get_record(uow, record.record_type, record.id))
        return [(point.kind, point.normalised) for point in found]

    return staff.ask(ask)


def _named(added):
    return {"contact_point_id": added["contact_point_id"]}


def _fresh(staff, record):
    return staff.ask(get_record, record.record_type, record.id)


def _add(staff, record, value, kind="mail", who="anna", **more):
    return staff.do(
        "contact_point.add", who, record_type=record.record_type, record_id=record.id, kind=kind,
        value=value, **more,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["contact", "lead", "account"])
def test_points_come_to_be_when_a_record_is_made(staff, kind):
    names = {"last_name": "X"} if kind == "contact" else {"name": "X"}
    made = staff.do(f"{kind}.create", "anna", **names, email="A@Ünï.example", phone="0047 2200")
    assert _points(staff, made) == [("mail", "a@xn--n-nga1b.example"), ("phone", "+472200")]


def test_points_come_to_be_when_rows_are_copied_in(staff):
    made = staff.do("account.create", "anna", name="Copied")
    with staff.platform.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO accounts (id, name, name_key, email, search_text, version,"
                " created_at, updated_at)"
                " SELECT gen_random_uuid(), 'n', 'n', 'x' || i || '@many.example', '', 1,"
                " created_at, updated_at FROM accounts, generate_series(1, 3) i"
            )
        )
        count = connection.scalar(
            text("SELECT count(*) FROM contact_points WHERE normalised LIKE '%@many.example'")
        )
    assert (count, _points(staff, made)) == (3, [])


def test_a_corrected_address_replaces_the_point_when_the_record_changes(staff, eva):
    staff.do("contact.update", "anna", contact_id=eva.id, email="eva@right.example")
    assert _points(staff, eva) == [("mail", "eva@right.example"), ("phone", "+4722000001")]


def test_a_point_goes_when_the_column_is_emptied(staff, eva):
    staff.do("contact.update", "anna", contact_id=eva.id, email=None)
    assert _points(staff, eva) == [("phone", "+4722000001")]


def test_the_former_address_stays_when_another_becomes_primary(staff, eva):
    point = _add(staff, eva, "Eva.Lund@Home.example", label="home")
    staff.do("contact_point.make_primary", "anna", **_named(point))
    assert _fresh(staff, eva).email == "eva.lund@home.example"
    assert [value for kind, value in _points(staff, eva) if kind == "mail"] == [
        "eva.lund@home.example",
        "eva@nordlys.example",
    ]


def test_the_first_of_its_kind_is_primary_when_it_is_added(staff):
    lead = staff.do("lead.create", "anna", name="No address yet")
    _add(staff, lead, "first@lead.example")
    _add(staff, lead, "second@lead.example")
    assert _fresh(staff, lead).email == "first@lead.example"


def test_the_next_works_instead_when_the_primary_one_is_removed(staff, eva):
    bad, good = _add(staff, eva, "bad@x.example"), _add(staff, eva, "good@x.example")
    with staff.platform.engine.begin() as connection:
        connection.execute(
            text("UPDATE contact_points SET invalid_since = now() WHERE id = :id"),
            {"id": bad["contact_point_id"]},
        )
    first = staff.ask(lambda uow: points_of(uow, get_record(uow, "contact", eva.id)))[0]
    staff.do("contact_point.remove", "anna", contact_point_id=first.id)
    assert _fresh(staff, eva).email == good["normalised"]


def test_a_point_that_failed_works_again_when_somebody_says_so(staff, eva):
    with staff.platform.engine.begin() as connection:
        connection.execute(text("UPDATE contact_points SET invalid_since = now()"))
    look = lambda uow: points_of(uow, get_record(uow, "contact", eva.id))  # noqa: E731
    first = staff.ask(look)[0]
    for _ in range(2):
        staff.do("contact_point.mark_valid", "anna", contact_point_id=first.id)
    assert staff.ask(look)[0].invalid_since is None
    titles = [entry.title for entry in staff.ask(timeline_of, "contact", eva.id)]
    assert titles.count(f"{first.value} works again") == 1


def test_a_changed_primary_point_changes_the_column(staff, eva):
    first = staff.ask(lambda uow: points_of(uow, get_record(uow, "contact", eva.id)))[0]
    staff.do("contact_point.update", "anna", contact_point_id=first.id, value="New@X.example")
    assert _fresh(staff, eva).email == "new@x.example"
    assert [value for kind, value in _points(staff, eva) if kind == "mail"] == ["new@x.example"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("mail", "no address"), ("phone", "call me"), ("messenger", "@"), ("web", "https://")],
)
def test_a_point_is_refused_when_it_is_none(staff, eva, kind, value):
    with pytest.raises(Invalid) as refused:
        _add(staff, eva, value, kind)
    assert refused.value.fields == {"value": refused.value.fields["value"]}


def test_a_messengers_name_is_never_the_primary_one(staff, eva):
    point = _add(staff, eva, "@eva", kind="messenger")
    with pytest.raises(Conflict, match="Only e-mail"):
        staff.do("contact_point.make_primary", "anna", **_named(point))


def test_a_point_is_refused_when_it_is_there_in_another_spelling(staff, eva):
    with pytest.raises(Invalid, match="already"):
        _add(staff, eva, "EVA@Nordlys.example")


def test_a_point_is_there_once_when_two_add_it_at_once(staff, eva):
    def add(_number):
        try:
            return bool(_add(staff, eva, "both@x.example"))
        except Invalid:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(add, range(2))) == [False, True]


def test_a_record_is_found_by_any_point_when_it_is_searched_for(staff, eva):
    point = _add(staff, eva, "Хөхөө@Дэлгүүр.example", kind="messenger")
    for words in ("хөхөө", "22000001", "nordlys"):
        page = staff.ask(list_records, "contact", search=words)
        assert [record.id for record in page.items] == [eva.id], words
    staff.do("contact_point.update", "anna", **_named(point), value="Сүрэн@x.example")
    assert staff.ask(list_records, "contact", search="хөхөө").items == []
    assert staff.ask(list_records, "contact", search="сүрэн").total == 1
    staff.do("contact_point.remove", "anna", **_named(point))
    assert staff.ask(list_records, "contact", search="сүрэн").items == []


def test_a_former_address_still_finds_the_record_when_another_is_primary(staff, eva):
    _add(staff, eva, "new@x.example", primary=True)
    assert _fresh(staff, eva).other_points == "eva@nordlys.example"
    staff.do("contact.update", "anna", contact_id=eva.id, email="eva@nordlys.example")
    assert _fresh(staff, eva).other_points == "new@x.example"


def test_doubles_are_found_by_any_point(staff, eva):
    _add(staff, eva, "second@x.example")
    found = staff.ask(find_duplicates, "contact", {"email": "Second@X.example"})
    assert [(match.record.id, match.reasons) for match in found] == [(eva.id, ("same e-mail",))]
    other = staff.do("contact.create", "anna", last_name="Other", email="other@x.example")
    _add(staff, other, "second@x.example")
    found = staff.ask(find_duplicates, "contact", {}, exclude=other.id)
    assert [match.record.id for match in found] == [eva.id]


def test_points_of_others_stay_theirs_when_one_may_not_see_the_record(staff, eva):
    point = staff.ask(lambda uow: points_of(uow, get_record(uow, "contact", eva.id)))[0]
    for name in ("remove", "make_primary", "opt_out", "opt_in", "mark_valid"):
        with pytest.raises(NotFound):
            staff.do(f"contact_point.{name}", "sven", contact_point_id=point.id)


def test_all_points_are_kept_when_contacts_are_merged_and_parted_again(staff, eva):
    other = staff.do("contact.create", "anna", last_name="Lund", email="eva@home.example")
    _add(staff, other, "eva@nordlys.example")
    before = (_points(staff, eva), _points(staff, other))
    made = staff.do(
        "record.merge", "anna", record_type="contact", kept_id=eva.id, dropped_id=other.id,
        take=["email"],
    )  # fmt: skip
    kept = _fresh(staff, eva)
    assert kept.email == "eva@home.example"
    assert kept.other_points == "eva@nordlys.example"
    staff.do("record.unmerge", "anna", merge_id=made["merge_id"])
    assert (_points(staff, eva), _points(staff, other)) == before
    assert _fresh(staff, other).other_points == "eva@nordlys.example"


def test_opting_out_goes_along_when_a_lead_becomes_a_contact(staff):
    lead = staff.do("lead.create", "anna", name="Eva Lund", email="eva@lead.example")
    _add(staff, lead, "eva@other.example")
    point = staff.ask(lambda uow: points_of(uow, get_record(uow, "lead", lead.id)))[0]
    staff.do("contact_point.opt_out", "anna", contact_point_id=point.id, reason="Too many mails")
    contact_id = staff.do("lead.convert", "anna", lead_id=lead.id)["contact_id"]
    statement = select(ContactPoint).where(ContactPoint.record_id == contact_id)
    rows = staff.ask(lambda uow: uow.session.scalars(statement).all())
    known = {row.normalised: row.opt_out_reason for row in rows}
    assert known == {"eva@lead.example": "Too many mails", "eva@other.example": None}


def test_the_audit_tells_of_points_when_they_are_changed(staff, eva):
    point = _add(staff, eva, "second@x.example")
    staff.do("contact_point.opt_out", "anna", **_named(point))
    entries = staff.ask(
        lambda uow: uow.session.scalars(
            select(AuditEntry).where(AuditEntry.operation == "contact_point.opt_out")
        ).all()
    )
    assert "opted_out_at" in str(entries[0].changes)


def test_a_contact_costs_no_statement_more_when_it_has_points(staff):
    with staff.counting() as statements:
        staff.do("contact.create", "anna", last_name="X", email="x@y.example", phone="+4722000001")
    assert not [one for one in statements if "contact_points" in one]
