"""One record shared with a person or a group, and what taking part in a deal gives."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.actors import Verb
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.notifications.model import Notification
from services.notifications.reading import count_unread, list_notifications
from services.people.model import Group, find_user
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.records.types import get_record
from services.rights import sharing
from services.rights.sharing import shares_of


@pytest.fixture
def lead(staff):
    """A lead of the service desk, which Anna (own) and Boris (team Sales) don't see."""
    return staff.do("lead.create", "sven", name="Kari Nordmann")


def share(desk, lead, who="sven", **values):
    desk.do("record.share", who, record_type="lead", record_id=lead.id, **values)
    for name in ("anna", "boris"):
        again(desk, name)


def again(desk, name):
    """Let the person act with the rights that its next request has."""
    desk.people[name] = desk.ask(lambda uow: find_user(uow, f"{name}@lanewise.example").actor())


def key_of(desk, name):
    return desk.people[name].user_id


def sales(desk):
    return desk.ask(lambda uow: uow.session.scalar(select(Group.id).where(Group.name == "Sales")))


def sees(desk, lead, who):
    try:
        desk.ask(get_record, "lead", lead.id, actor=who)
    except NotFound:
        return False
    return desk.ask(list_records, "lead", actor=who).total == 1


def test_a_record_is_seen_by_a_person_when_it_is_shared(staff, lead):
    assert not sees(staff, lead, "anna")
    share(staff, lead, user_id=key_of(staff, "anna"))
    assert sees(staff, lead, "anna")
    assert not sees(staff, lead, "boris")


def test_a_person_is_told_of_a_share_until_it_is_taken_back(staff, lead):
    share(staff, lead, user_id=key_of(staff, "anna"))
    (told,) = staff.ask(list_notifications, actor="anna")
    assert (told.record_title, told.title) == (lead.name, "Sven shared this with you")
    (held,) = staff.ask(shares_of, "lead", lead.id)
    staff.do("record.unshare", share_id=held.id)
    assert staff.ask(timeline_of, "lead", lead.id)[0].title == "No longer shared with Anna"
    assert staff.ask(count_unread, actor="anna") == 0
    assert not staff.ask(lambda uow: uow.session.scalars(select(Notification)).all())


def test_a_record_is_seen_by_all_of_a_group_when_it_is_shared(staff, lead):
    share(staff, lead, group_id=sales(staff))
    assert sees(staff, lead, "anna")
    assert sees(staff, lead, "boris")


@pytest.mark.parametrize("level", ["read", "write"])
def test_a_record_is_changed_only_when_it_is_shared_for_that(staff, lead, level):
    share(staff, lead, user_id=key_of(staff, "anna"), level=level)
    arguments = {"lead_id": lead.id, "company": "Nordlys"}
    if level == "write":
        assert staff.do("lead.update", "anna", **arguments).company == "Nordlys"
    else:
        with pytest.raises(NotAllowed):
            staff.do("lead.update", "anna", **arguments)


def test_a_record_is_not_deleted_when_it_is_only_shared(staff, lead):
    share(staff, lead, user_id=key_of(staff, "anna"), level="write")
    with pytest.raises(NotAllowed):
        staff.do("record.delete", "anna", record_type="lead", record_id=lead.id)


def test_a_record_is_seen_up_to_the_last_day_when_it_is_shared_until_then(staff, lead, clock):
    share(staff, lead, user_id=key_of(staff, "anna"), until=clock.now().date().isoformat())
    assert sees(staff, lead, "anna")
    [shown] = staff.ask(shares_of, "lead", lead.id)
    assert shown.last_day == clock.now().date()
    clock.advance(timedelta(days=1))
    assert not sees(staff, lead, "anna")
    assert staff.ask(shares_of, "lead", lead.id) == []


def test_a_record_is_unseen_again_when_it_is_no_longer_shared(staff, lead):
    share(staff, lead, user_id=key_of(staff, "anna"))
    [shown] = staff.ask(shares_of, "lead", lead.id)
    with pytest.raises(NotFound):
        staff.do("record.unshare", "boris", share_id=shown.id)
    with pytest.raises(NotAllowed):
        staff.do("record.unshare", "anna", share_id=shown.id)
    staff.do("record.unshare", "sven", share_id=shown.id)
    again(staff, "anna")
    assert not sees(staff, lead, "anna")


def test_a_record_is_shared_once_with_somebody_when_it_is_shared_again(staff, lead):
    share(staff, lead, user_id=key_of(staff, "anna"))
    share(staff, lead, user_id=key_of(staff, "anna"), level="write")
    assert [one.level for one in staff.ask(shares_of, "lead", lead.id)] == ["write"]


def test_a_record_is_shared_on_when_the_person_may_change_it(staff, lead):
    share(staff, lead, user_id=key_of(staff, "anna"))
    with pytest.raises(NotAllowed):
        share(staff, lead, "anna", user_id=key_of(staff, "boris"))
    share(staff, lead, user_id=key_of(staff, "anna"), level="write")
    share(staff, lead, "anna", user_id=key_of(staff, "boris"))
    assert sees(staff, lead, "boris")


@pytest.mark.parametrize("who", ["anna", "boris"])
def test_a_share_does_not_outlast_that_of_who_gives_it(staff, lead, clock, who):
    today = clock.now().date()
    share(staff, lead, user_id=key_of(staff, "anna"), level="write", until=today.isoformat())
    for until in (None, (today + timedelta(days=1)).isoformat()):
        with pytest.raises(Invalid):
            share(staff, lead, "anna", user_id=key_of(staff, who), level="write", until=until)
    share(staff, lead, "anna", user_id=key_of(staff, "boris"), until=today.isoformat())
    assert sees(staff, lead, "boris")


def test_a_share_is_replaced_when_there_are_as_many_as_there_can_be(staff, lead, monkeypatch):
    monkeypatch.setattr(sharing, "MAX_SHARES", 1)
    share(staff, lead, user_id=key_of(staff, "anna"))
    share(staff, lead, user_id=key_of(staff, "anna"), level="write")
    with pytest.raises(Conflict):
        share(staff, lead, user_id=key_of(staff, "boris"))


def test_a_type_that_a_role_closes_stays_closed_when_a_record_is_shared(staff, lead):
    role = staff.do(
        "role.create",
        name="No leads",
        permissions=["record:read", "record:write"],
        records={"*": {"read": "all"}, "lead": {}},
    )
    staff.do("user.update", user_id=key_of(staff, "anna"), roles=[role.key])
    share(staff, lead, user_id=key_of(staff, "anna"))
    assert not sees(staff, lead, "anna")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, Invalid),
        ({"user_id": "anna", "group_id": "sales"}, Invalid),
        ({"user_id": "01890000-0000-7000-8000-000000000000"}, NotFound),
        ({"user_id": "anna", "until": "2026-03-01"}, Invalid),
        ({"user_id": "anna", "until": "9999-12-31"}, Invalid),
        ({"user_id": "anna", "level": "own"}, Invalid),
    ],
)
def test_sharing_is_refused_when_it_makes_no_sense(staff, lead, values, error):
    names = {"anna": key_of(staff, "anna"), "sales": sales(staff)}
    given = {name: names.get(value, value) for name, value in values.items()}
    with pytest.raises(error):
        share(staff, lead, **given)


def test_a_product_is_not_shared_when_everybody_sees_it_anyway(staff):
    product = staff.do("product.create", name="Screw", code="S-1")
    with pytest.raises(Conflict):
        staff.do(
            "record.share",
            record_type="product",
            record_id=product.id,
            user_id=key_of(staff, "anna"),
        )


def test_shares_move_along_when_two_records_are_merged(staff):
    kept = staff.do("account.create", "sven", name="Nordlys")
    dropped = staff.do("account.create", "sven", name="Nordlys AS")
    for record in (kept, dropped):
        staff.do(
            "record.share",
            record_type="account",
            record_id=record.id,
            user_id=key_of(staff, "anna"),
        )
    staff.do("record.merge", record_type="account", kept_id=kept.id, dropped_id=dropped.id)
    again(staff, "anna")
    assert staff.ask(get_record, "account", kept.id, actor="anna")
    assert staff.ask(list_records, "account", actor="anna").total == 1


def test_a_deal_is_seen_when_a_person_takes_part_in_it(staff):
    deal = staff.do("deal.create", "sven", name="Fleet")
    staff.do(
        "deal.set_member", "sven", deal_id=deal.id, user_id=key_of(staff, "anna"), role="Helper"
    )
    assert staff.ask(get_record, "deal", deal.id, actor="anna").name == "Fleet"
    may = {
        verb: staff.ask(
            lambda uow, verb=verb: uow.may_do(verb, get_record(uow, "deal", deal.id)), actor="anna"
        )
        for verb in (Verb.UPDATE, Verb.DELETE)
    }
    assert may == {Verb.UPDATE: True, Verb.DELETE: False}


def test_nothing_is_asked_of_shares_when_none_is_the_persons(staff, lead):
    share(staff, lead, user_id=key_of(staff, "anna"))
    for who, is_asked in (("anna", True), ("boris", False)):
        with staff.counting() as statements:
            staff.ask(list_records, "lead", actor=who)
        assert any("record_shares" in text for text in statements) is is_asked


def news(desk, who):
    return [one.title for one in desk.ask(list_notifications, actor=who)]


def test_who_of_a_group_could_not_see_a_record_is_told_when_it_is_shared_with_the_group(
    staff, lead
):
    share(staff, lead, group_id=sales(staff))
    told = {who: news(staff, who) for who in ("anna", "boris", "maria", "sven")}
    shared = ["Sven shared this with you"]
    assert told == {"anna": shared, "boris": shared, "maria": [], "sven": []}


def test_nobody_is_told_anew_when_a_share_gives_no_more_than_before(staff, lead, clock):
    share(staff, lead, group_id=sales(staff), level="write")
    share(staff, lead, user_id=key_of(staff, "anna"))
    for level, until in (("write", "2026-12-31"), ("read", None)):
        share(staff, lead, group_id=sales(staff), level=level, until=until)
        share(staff, lead, user_id=key_of(staff, "anna"), until=until)
    assert news(staff, "boris") == ["Sven shared this with you"]
    assert news(staff, "anna") == 2 * ["Sven shared this with you"]


@pytest.mark.parametrize("holder", ["group_id", "user_id"])
def test_who_may_change_a_record_by_a_wider_share_is_told(staff, lead, holder):
    keys = {"group_id": sales(staff), "user_id": key_of(staff, "anna")}
    of = {holder: keys[holder]}
    share(staff, lead, **of)
    share(staff, lead, **of, level="write")
    assert news(staff, "anna") == ["Sven lets you change this", "Sven shared this with you"]
    share(staff, lead, **of)
    assert news(staff, "anna") == ["Sven shared this with you"]
    [held] = staff.ask(shares_of, "lead", lead.id)
    staff.do("record.unshare", share_id=held.id)
    assert not staff.ask(lambda uow: uow.session.scalars(select(Notification)).all())


def test_who_has_a_record_otherwise_is_not_told_of_a_share_with_its_group(staff):
    """By taking part, by its team or one below, by owning it, by another share."""
    deals = [staff.do("deal.create", "sven", name=name) for name in ("Part", "Team", "Own", "Hers")]
    part, team, own, hers = ({"record_type": "deal", "record_id": deal.id} for deal in deals)
    anna, group = key_of(staff, "anna"), sales(staff)
    staff.do("user.update", user_id=anna, scope="team")
    staff.do("deal.set_member", deal_id=part["record_id"], user_id=anna, role="Helper")
    below = staff.do("group.create", name="Juniors", parent_id=group)
    staff.do("user.update", user_id=key_of(staff, "boris"), groups=["Sales", "Juniors"])
    staff.do("record.assign", **team, group=below.name)
    staff.do("record.assign", **own, user="anna@lanewise.example")
    staff.do("record.share", **hers, user_id=anna)
    for about in (part, team, own, hers):
        staff.do("record.share", **about, group_id=group)
    again(staff, "anna")
    titles = [one.record_title for one in staff.ask(list_notifications, actor="anna")]
    assert titles == ["Hers"]
    staff.do("record.share", **hers, group_id=group, level="write")
    assert news(staff, "anna")[0] == "Lanewise lets you change this"


def test_who_could_not_see_the_type_anyway_is_not_told_of_a_share(staff, lead):
    rules = {"*": {"read": "all"}, "lead": {}}
    role = staff.do("role.create", name="No leads", permissions=["record:read"], records=rules)
    for who, values in (("anna", {"roles": [role.key]}), ("boris", {"active": False})):
        staff.do("user.update", user_id=key_of(staff, who), **values)
    staff.do("record.share", "sven", record_type="lead", record_id=lead.id, group_id=sales(staff))
    assert not staff.ask(lambda uow: uow.session.scalars(select(Notification)).all())


def test_a_group_is_told_in_as_many_statements_when_it_is_large(staff, lead):
    def statements_of(one):
        with staff.counting() as statements:
            share(staff, one, group_id=sales(staff))
        return len(statements)

    few = statements_of(lead)
    for number in range(3):
        staff.add_person(f"new{number}", "Sales")
    assert statements_of(staff.do("lead.create", "sven", name="Ola Nordmann")) == few
    assert news(staff, "new2") == ["Sven shared this with you"]
