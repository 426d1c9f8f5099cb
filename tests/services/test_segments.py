"""Segments: live and fixed ones, in filters, filled by jobs, and never made of themselves."""

from __future__ import annotations

import pytest

from processes.jobs.draining import drain
from services.crm.contact_model import CONTACT, Contact
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.filtering import matching_keys, parse_filter
from services.marketing import fills
from services.marketing.fill_model import FillStage
from services.marketing.fills import newest_fill
from services.marketing.membership import MAX_NESTED, count_members, is_member, segments_of
from services.marketing.segment_model import Segment
from services.people.model import User
from services.records.lists import list_records

OSLO = {"field": "account.city", "op": "eq", "value": "Oslo"}
CHIEFS = {"field": "position", "op": "eq", "value": "Chief"}


@pytest.fixture
def staff(desk):
    """Anna sees her own, Maria sees all, Olga administers."""
    desk.add_person("anna", "Sales", scope="own")
    desk.add_person("maria", "Managers", "Sales", scope="all")
    desk.add_person("olga", roles=("administrator",), scope="all")
    return desk


@pytest.fixture
def crowd(staff):
    """Contacts of Oslo and Bergen; every second one is a chief. Keys by name."""
    cities = {
        city: staff.do("account.create", "olga", name=f"{city} AS", city=city).id
        for city in ("Oslo", "Bergen")
    }
    return {
        name: staff.do(
            "contact.create",
            "olga",
            last_name=name,
            email=f"{name.lower()}@x.example",
            account_id=str(cities[city]),
            position=position,
        ).id
        for name, city, position in (
            ("Ada", "Oslo", "Chief"),
            ("Bo", "Oslo", "Clerk"),
            ("Cy", "Bergen", "Chief"),
        )
    }


def make(staff, where=None, who="maria", **values):
    given = {"name": "Some", "of_type": "contact", **({"where": where} if where else {}), **values}
    return staff.do("segment.create", who, **given)


def make_list(staff, *keys, who="maria"):
    segment = make(staff, kind="static", who=who)
    if keys:
        staff.do("segment.add_members", who, segment_id=str(segment.id), record_ids=list(keys))
    return segment


def inside(segment, op="eq"):
    return {"field": "segment", "op": op, "value": str(segment.id)}


def names(staff, where, who="maria"):
    return staff.ask(
        lambda uow: [
            one.name
            for one in list_records(
                uow, "contact", where=parse_filter(CONTACT, where), sort="name"
            ).items
        ],
        actor=who,
    )


def test_a_live_segment_follows_its_filter(staff, crowd):
    segment = make(staff, OSLO)
    assert names(staff, inside(segment)) == ["Ada", "Bo"]
    staff.do("contact.update", "olga", contact_id=str(crowd["Ada"]), account_id="")
    assert names(staff, inside(segment)) == ["Bo"]


def test_a_fixed_list_has_whom_one_puts_on_it(staff, crowd):
    segment = make_list(staff, crowd["Ada"], crowd["Cy"])
    assert names(staff, inside(segment)) == ["Ada", "Cy"]
    staff.do(
        "segment.remove_members", "maria", segment_id=segment.id, record_ids=[str(crowd["Ada"])]
    )
    assert names(staff, inside(segment)) == ["Cy"]
    assert names(staff, inside(segment, "ne")) == ["Ada", "Bo"]


def test_a_segment_can_be_made_of_others(staff, crowd):
    chosen = make_list(staff, crowd["Ada"], crowd["Cy"])
    outer = make(staff, {"and": [OSLO, inside(chosen)]})
    assert names(staff, inside(outer)) == ["Ada"]
    assert names(staff, {"not": inside(outer)}) == ["Bo", "Cy"]


def test_segments_of_what_a_record_points_to_can_be_asked(staff, crowd):
    accounts = make(staff, {"field": "city", "op": "eq", "value": "Bergen"}, of_type="account")
    where = {"field": "account.segment", "op": "eq", "value": str(accounts.id)}
    assert names(staff, where) == ["Cy"]


def test_a_segment_is_refused_that_would_be_made_of_itself(staff, crowd):
    first = make(staff, OSLO)
    second = make(staff, inside(first))
    third = make(staff, CHIEFS)
    staff.do("segment.update", "maria", segment_id=third.id, where=inside(second))
    with pytest.raises(Invalid, match="a part of itself"):
        staff.do("segment.update", "maria", segment_id=first.id, where=inside(third))


def test_deep_nests_of_segments_are_refused(staff):
    segment = make(staff, OSLO)
    for _ in range(MAX_NESTED - 1):
        segment = make(staff, inside(segment))
    assert names(staff, inside(segment)) == []
    with pytest.raises(Invalid, match="deep at most"):
        make(staff, inside(make(staff, inside(segment))))


def test_a_segment_says_neither_me_nor_my_team(staff):
    with pytest.raises(Invalid, match="same for everybody"):
        make(staff, {"field": "owner_id", "op": "eq", "value": "me"})


def test_a_segment_of_other_records_is_refused(staff, crowd):
    leads = make(staff, {"field": "status", "op": "eq", "value": "new"}, of_type="lead")
    with pytest.raises(Invalid, match="made of leads"):
        names(staff, inside(leads))


def test_a_segment_in_the_bin_is_no_empty_one(staff, crowd):
    segment = make_list(staff, crowd["Ada"])
    outer = make(staff, {"not": inside(segment)})
    staff.do("record.delete", "maria", record_type="segment", record_id=segment.id)
    for where in ({"not": inside(segment)}, inside(outer)):
        with pytest.raises(Invalid, match="no such segment"):
            names(staff, where)


def test_a_hidden_segment_can_not_be_filtered_by(staff, crowd):
    segment = make_list(staff, crowd["Ada"])
    with pytest.raises(Invalid, match="no such segment"):
        names(staff, inside(segment), who="anna")


def test_what_a_shared_segment_is_made_of_need_not_be_seen(staff, crowd):
    inner = make_list(staff, crowd["Ada"])
    staff.do(
        "record.assign",
        "olga",
        record_type="contact",
        record_id=crowd["Ada"],
        user="anna@lanewise.example",
    )
    outer = make(staff, inside(inner))
    staff.do(
        "record.assign",
        "olga",
        record_type="segment",
        record_id=outer.id,
        user="anna@lanewise.example",
    )
    assert names(staff, inside(outer), who="anna") == ["Ada"]


def test_a_segment_with_a_hidden_field_is_not_read_to_whom_it_is_hidden(staff, crowd):
    staff.do(
        "role.create",
        "olga",
        name="Blind",
        permissions=["record:read"],
        records={"*": {"read": "all"}},
    )
    staff.do("role.update", "olga", role="blind", field_rights={"contact": {"position": "hidden"}})
    segment = make(staff, CHIEFS)
    staff.add_person("bela", roles=("blind",), scope="all")
    with pytest.raises(Invalid, match="no field"):
        names(staff, inside(segment), who="bela")


def test_nobody_is_found_by_an_address_that_is_hidden(staff, crowd):
    staff.do(
        "role.create",
        "olga",
        name="Blind",
        permissions=["record:read", "record:write"],
        records={"*": {"read": "all", "create": "all", "update": "all"}},
        field_rights={"contact": {"email": "hidden"}},
    )
    staff.add_person("bela", roles=("blind",), scope="all")
    segment = make_list(staff, who="bela")
    given = {"segment_id": segment.id, "by": "email", "values": ["ada@x.example"]}
    with pytest.raises(NotAllowed):
        staff.do("segment.add_by_values", "bela", **given)


def test_people_are_not_added_when_no_value_is_given(staff, crowd):
    segment = make_list(staff)
    given = {"segment_id": segment.id, "by": "email", "values": [" "]}
    with pytest.raises(Invalid):
        staff.do("segment.add_by_values", "maria", **given)


def test_membership_of_one_record_is_told(staff, crowd):
    segment = make(staff, OSLO)
    for name, is_in in (("Ada", True), ("Cy", False)):
        told = staff.do("segment.check", "maria", segment_id=segment.id, record_id=crowd[name])
        assert told == {"is_member": is_in}
    anna = staff.actor("anna").user_id
    shared = {"record_type": "segment", "record_id": segment.id}
    staff.do("record.share", "maria", **shared, user_id=anna, level="read")
    staff.people["anna"] = staff.ask(lambda uow: uow.get(User, anna).actor())
    with pytest.raises(NotFound, match="contact"):
        staff.do("segment.check", "anna", segment_id=segment.id, record_id=crowd["Ada"])


def test_a_record_tells_all_its_segments_in_two_statements(staff, crowd):
    mine = [make(staff, OSLO, name="A"), make_list(staff, crowd["Ada"])]
    make(staff, {"field": "position", "op": "eq", "value": "Clerk"}, name="Not mine")

    def ask(uow):
        record = uow.get(Contact, crowd["Ada"])
        with staff.counting() as statements:
            found = [one.id for one in segments_of(uow, record)]
        return found, len(statements)

    found, count = staff.ask(ask, actor="maria")
    assert set(found) == {one.id for one in mine}
    assert count == 2


def test_matching_agrees_with_lists(staff, crowd):
    segment = make(staff, {"or": [OSLO, CHIEFS]})
    chosen = make_list(staff, crowd["Cy"])
    where = parse_filter(CONTACT, {"and": [inside(segment), {"not": inside(chosen)}]})

    def ask(uow):
        records = [uow.get(Contact, key) for key in crowd.values()]
        return matching_keys(uow, where, records)

    assert staff.ask(ask, actor="maria") == {crowd["Ada"], crowd["Bo"]}


def test_a_list_is_filled_by_a_job_slice_by_slice(staff, crowd, monkeypatch):
    monkeypatch.setattr(fills, "SLICE", 1)
    segment = make_list(staff, crowd["Bo"])
    staff.do("segment.add_matching", "maria", segment_id=segment.id, where={})
    assert staff.ask(lambda uow: newest_fill(uow, uow.get(Segment, segment.id)).stage) == "running"
    drain(staff.platform)
    fill = staff.ask(lambda uow: newest_fill(uow, uow.get(Segment, segment.id)))
    assert (fill.stage, fill.done, fill.added) == (FillStage.DONE, 3, 2)
    assert names(staff, inside(segment)) == ["Ada", "Bo", "Cy"]


def test_a_stopped_fill_goes_on_where_it_was(staff, crowd, monkeypatch):
    monkeypatch.setattr(fills, "SLICE", 1)
    segment = make_list(staff)
    staff.do("segment.add_matching", "maria", segment_id=segment.id, where={})
    with pytest.raises(Conflict, match="just being filled"):
        staff.do("segment.add_matching", "maria", segment_id=segment.id, where={})
    staff.do("segment.stop_fill", "maria", segment_id=segment.id)
    drain(staff.platform)
    assert len(names(staff, inside(segment))) == 1
    staff.do("segment.resume_fill", "maria", segment_id=segment.id)
    drain(staff.platform)
    assert len(names(staff, inside(segment))) == 3


def test_a_slice_that_is_delivered_twice_is_taken_once(staff, crowd, monkeypatch):
    monkeypatch.setattr(fills, "SLICE", 1)
    segment = make_list(staff)
    staff.do("segment.add_matching", "maria", segment_id=segment.id, where={})
    [args] = staff.jobs("marketing.fill")
    for _ in range(2):
        fills.run_fill(staff.platform, **args)
    assert staff.ask(lambda uow: newest_fill(uow, uow.get(Segment, segment.id)).done) == 2


def test_a_fill_ends_when_who_began_it_may_not_any_more(staff, crowd, monkeypatch):
    monkeypatch.setattr(fills, "SLICE", 1)
    segment = make_list(staff)
    staff.do("segment.add_matching", "maria", segment_id=segment.id, where={})
    staff.do("user.update", "olga", user_id=staff.actor("maria").user_id, active=False)
    drain(staff.platform)
    fill = staff.ask(lambda uow: newest_fill(uow, uow.get(Segment, segment.id)))
    assert (fill.stage, fill.done) == (FillStage.FAILED, 1)


def test_only_visible_records_come_on_a_list(staff, crowd):
    segment = make_list(staff, who="anna")
    with pytest.raises(NotFound):
        staff.do(
            "segment.add_members", "anna", segment_id=segment.id, record_ids=[str(crowd["Ada"])]
        )
    done = staff.do("segment.add_matching", "anna", segment_id=segment.id, where={})
    assert done["added"] == 0


def test_members_are_found_by_their_addresses(staff, crowd):
    segment = make_list(staff)
    done = staff.do(
        "segment.add_by_values",
        "maria",
        segment_id=segment.id,
        values=["ADA@x.example", "nobody@x.example", "no address"],
    )
    assert (done["added"], done["missing"]) == (1, ["no address", "nobody@x.example"])


def test_a_snapshot_keeps_who_was_in(staff, crowd):
    live = make(staff, OSLO)
    copy = staff.do("segment.snapshot", "maria", segment_id=live.id, name="Then")
    staff.do("contact.update", "olga", contact_id=str(crowd["Ada"]), account_id="")
    assert names(staff, inside(copy)) == ["Ada", "Bo"]


def test_nobody_is_put_into_a_live_segment(staff, crowd):
    segment = make(staff, OSLO)
    with pytest.raises(Conflict, match="follow from its filter"):
        staff.do("segment.add_members", "maria", segment_id=segment.id, record_ids=[crowd["Cy"]])


def test_others_segments_are_not_changed_by_who_may_only_see_them(staff, crowd):
    segment = make_list(staff, crowd["Ada"])
    anna = staff.actor("anna").user_id
    shared = {"record_type": "segment", "record_id": segment.id}
    staff.do("record.share", "maria", **shared, user_id=anna, level="read")
    staff.people["anna"] = staff.ask(lambda uow: uow.get(User, anna).actor())
    with pytest.raises(NotAllowed):
        staff.do("segment.remove_members", "anna", segment_id=segment.id, record_ids=[crowd["Ada"]])


def test_a_merged_contact_stays_on_the_list_once(staff, crowd):
    segment = make_list(staff, crowd["Ada"], crowd["Cy"])
    staff.do(
        "record.merge", "olga", record_type="contact", kept_id=crowd["Ada"], dropped_id=crowd["Cy"]
    )
    assert names(staff, inside(segment)) == ["Ada"]
    assert staff.ask(lambda uow: is_member(uow, uow.get(Segment, segment.id), crowd["Ada"]))
    assert staff.ask(lambda uow: count_members(uow, uow.get(Segment, segment.id))) == 1
