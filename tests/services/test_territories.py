"""Territories: rules in a tree, choices by hand, and applying the rules to all records."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from processes.jobs.draining import drain
from services.crm.account_model import Account
from services.crm.lead_model import Lead
from services.errors import Conflict, Invalid, NotAllowed
from services.territories import runs
from services.territories.placing import explain_placing
from services.territories.runs import count_records, find_run, list_changes


def is_(field, value, op="eq"):
    return {"field": field, "op": op, "value": value}


@pytest.fixture
def world(staff):
    """Norway with Bergen in it, and hotels beside it, which are asked first."""
    norway = make(staff, "Norway", account=is_("country", "Norway"))
    bergen = make(staff, "Bergen", parent_id=norway, account=is_("city", "Bergen"))
    hotels = make(staff, "Hotels", priority=1, account=is_("industry", "Hotel"))
    return {"Norway": norway, "Bergen": bergen, "Hotels": hotels, None: None}


def make(desk, name, account=None, lead=None, **values):
    key = desk.do("territory.create", "olga", name=name, **values).id
    for record_type, rule in (("account", account), ("lead", lead)):
        if rule:
            set_rule(desk, key, rule, record_type)
    return key


def set_rule(desk, key, rule, record_type="account"):
    desk.do("territory.set_rule", "olga", territory_id=key, record_type=record_type, filter=rule)


def add(desk, **values):
    return desk.do("account.create", "boris", **{"name": "Some AS", **values}).id


def change(desk, key, **values):
    return desk.do("account.update", "boris", account_id=key, **values).territory_id


def seen(desk, key):
    return desk.ask(lambda uow: uow.get(Account, key).territory_id)


def apply(desk, *, is_trial=False):
    desk.do("territory.start_run", "olga", is_trial=is_trial)
    drain(desk.platform)
    return desk.ask(find_run)


def test_the_narrowest_of_the_first_branch_takes_it_when_it_is_made(staff, world):
    both = {"city": "Bergen", "country": "Norway"}
    assert seen(staff, add(staff, **both)) == world["Bergen"]
    assert seen(staff, add(staff, country="norway")) == world["Norway"]
    assert seen(staff, add(staff, **both, industry="Hotel")) == world["Hotels"]
    assert seen(staff, add(staff, city="Paris")) is None


def test_it_moves_when_a_field_changes_that_a_rule_reads(staff, world):
    key = add(staff, city="Bergen")
    assert change(staff, key, city="Oslo") is None
    assert change(staff, key, country="Norway") == world["Norway"]
    with staff.counting() as statements:
        change(staff, key, phone="+4755112233")
    assert len([one for one in statements if "territories" in one]) == 1


def test_a_lead_is_placed_when_it_comes_by_the_public_form(staff):
    key = make(staff, "Letters", lead=is_("status", "new"))
    staff.do("lead.submit", name="Eva", email="eva@x.example")
    assert staff.ask(lambda uow: uow.session.scalars(select(Lead)).one().territory_id) == key


def test_a_rule_over_a_relation_holds_when_the_other_record_fulfils_it(staff, world):
    parent = add(staff, name="Group", country="Norway")
    key = make(staff, "Daughters", account=is_("parent.country", "Norway"))
    assert seen(staff, add(staff, parent_id=parent)) == key


def test_a_record_is_placed_by_the_segments_and_classes_that_it_will_be_in(staff):
    where = is_("city", "Bergen")
    segment = staff.do("segment.create", "olga", name="Some", of_type="account", where=where)
    inside = is_("segment", str(segment.id))
    key = make(staff, "Few", account={"and": [inside, {"field": "abc_class", "op": "empty"}]})
    account = add(staff, city="Bergen")
    assert seen(staff, account) == key
    assert change(staff, account, city="Oslo") is None
    assert change(staff, account, city="Bergen") == key


def test_a_rule_takes_none_when_the_segment_that_it_names_is_deleted(staff):
    where = is_("city", "Bergen")
    segment = staff.do("segment.create", "olga", name="Some", of_type="account", where=where)
    make(staff, "Few", priority=1, account=is_("segment", str(segment.id)))
    rest = make(staff, "Rest", account=where)
    before = add(staff, city="Oslo")
    staff.do("record.delete", "olga", record_type="segment", record_id=segment.id)
    assert seen(staff, add(staff, city="Bergen")) == rest
    assert apply(staff).state == "done"
    assert seen(staff, before) is None


def test_a_choice_by_hand_stays_when_rules_say_otherwise(staff, world):
    key = add(staff, city="Bergen")
    assert change(staff, key, territory_id=world["Hotels"]) == world["Hotels"]
    assert change(staff, key, city="Oslo", country="Norway") == world["Hotels"]
    apply(staff)
    assert seen(staff, key) == world["Hotels"]
    staff.do("territory.release", "boris", record_type="account", record_id=key)
    assert seen(staff, key) == world["Norway"]


def test_the_same_territory_can_be_pinned_when_it_came_by_a_rule(staff, world):
    key = add(staff, city="Bergen")
    staff.do(
        "territory.place",
        "boris",
        record_type="account",
        record_id=key,
        territory_id=world["Bergen"],
    )
    assert change(staff, key, city="Paris") == world["Bergen"]


def test_choosing_is_refused_when_the_role_closes_the_field(staff, world):
    staff.do(
        "role.create",
        name="Fixed",
        permissions=["record:read", "record:write"],
        records={"*": {"read": "all", "update": "all", "create": "all"}},
        field_rights={"account": {"territory_id": "read"}},
    )
    staff.add_person("fritz", roles=("fixed",))
    key = add(staff, city="Bergen")
    with pytest.raises(NotAllowed):
        staff.do("territory.release", "fritz", record_type="account", record_id=key)
    staff.do("account.update", "fritz", account_id=key, city="Oslo")
    assert seen(staff, key) is None


def test_the_explanation_names_each_rule_when_one_is_asked_why(staff, world):
    key = add(staff, city="Bergen")
    found = staff.ask(lambda uow: explain_placing(uow, uow.get(Account, key)))
    assert [(one.name, one.holds) for one in found.considered] == [
        ("Hotels", False),
        ("Bergen", True),
    ]
    assert found.considered[1].rule == "City is Bergen"
    assert not found.is_outdated
    set_rule(staff, world["Bergen"], is_("city", "Oslo"))
    assert staff.ask(lambda uow: explain_placing(uow, uow.get(Account, key))).is_outdated


def test_a_trial_moves_nothing_when_it_tells_what_would(staff, world):
    key, gone = add(staff, city="Bergen"), add(staff, city="Bergen")
    staff.do("record.delete", "olga", record_type="account", record_id=gone)
    stays = add(staff, city="Bergen", industry="Hotel")
    set_rule(staff, world["Bergen"], {})
    set_rule(staff, world["Norway"], is_("city", "Bergen"))
    run = apply(staff, is_trial=True)
    assert (run.state, run.done, run.total, run.changed) == ("done", 2, 2, 1)
    assert seen(staff, key) == world["Bergen"]
    counts = staff.ask(count_records, run)["account"]
    assert (counts[world["Bergen"]].goes, counts[world["Norway"]].comes) == (1, 1)
    assert counts[world["Hotels"]].now == 1
    other = apply(staff, is_trial=True)
    assert len(staff.ask(list_changes, other)[0]) == 1
    changes, rest = staff.ask(list_changes, run)
    assert ([one.record_id for one in changes], rest) == ([key], None)
    assert seen(staff, stays) == world["Hotels"]


def test_records_move_when_the_rules_are_applied(staff, world):
    key = add(staff, city="Bergen")
    staff.do("record.delete", "olga", record_type="territory", record_id=world["Bergen"])
    set_rule(staff, world["Norway"], is_("city", "Bergen"))
    apply(staff)
    assert seen(staff, key) == world["Norway"]
    apply(staff)
    assert staff.ask(find_run).changed == 0


def test_a_run_goes_on_where_it_was_when_it_was_stopped(staff, world, monkeypatch):
    keys = [add(staff, city="Bergen") for _ in range(3)]
    set_rule(staff, world["Bergen"], {})
    monkeypatch.setattr(runs, "MOVED_AT_ONCE", 2)
    started = staff.do("territory.start_run", "olga", is_trial=False)["run_id"]
    with pytest.raises(Conflict):
        staff.do("territory.start_run", "olga", is_trial=True)
    first = {"run_id": str(started), "record_type": "account", "after": None}
    runs.do_slice(staff.platform, **first)
    runs.do_slice(staff.platform, **first)
    assert staff.ask(find_run).done == 2
    staff.do("territory.stop_run", "olga", run_id=started)
    drain(staff.platform)
    assert [seen(staff, key) is None for key in keys] == [True, True, False]
    staff.do("territory.resume_run", "olga", run_id=started)
    drain(staff.platform)
    assert (staff.ask(find_run).state, staff.ask(find_run).changed) == ("done", 3)
    assert seen(staff, keys[2]) is None


def test_a_tree_stays_a_tree_when_somebody_would_close_a_circle(staff, world):
    with pytest.raises(Invalid):
        staff.do(
            "territory.update", "olga", territory_id=world["Norway"], parent_id=world["Bergen"]
        )
    with pytest.raises(Invalid):
        staff.do("territory.create", "olga", name="bergen")


@pytest.mark.parametrize("rule", [is_("owner_id", "me"), is_("nothing", 1), {"x": 1}])
def test_a_rule_is_refused_when_it_can_not_be_applied(staff, world, rule):
    with pytest.raises(Invalid):
        set_rule(staff, world["Norway"], rule)


def test_territories_are_kept_by_few_when_everybody_may_write_records(staff, world):
    with pytest.raises(NotAllowed):
        staff.do("record.delete", "maria", record_type="territory", record_id=world["Norway"])
    assert seen(staff, add(staff, country="Norway")) == world["Norway"]


def test_other_rules_hold_when_a_field_of_one_is_gone(staff, world):
    field = staff.do(
        "custom_field.create", record_type="account", key="zone", label="Zone", kind="text"
    )
    key = make(staff, "Zone", priority=0, account=is_("c_zone", "x"))
    assert seen(staff, add(staff, c_zone="x")) == key
    staff.do("custom_field.retire", field_id=field["id"])
    assert seen(staff, add(staff, country="Norway")) == world["Norway"]


def test_a_leads_place_goes_along_when_it_is_converted(staff, world):
    lead = staff.do("lead.create", "boris", name="Eva", company="Hav AS", city="Bergen")
    done = staff.do("lead.convert", "boris", lead_id=lead.id)
    assert seen(staff, done["account_id"]) == world["Bergen"]


def test_a_record_goes_to_who_works_where_its_account_lies(staff, world):
    anna, boris = (staff.people[name].user_id for name in ("anna", "boris"))
    for user_ids, seen_ids in (([anna], []), ([boris], [])):
        of = {"territory_id": world["Norway"]}
        staff.do("territory.set_members", **of, user_ids=user_ids, seen_ids=seen_ids)
    account = add(staff, city="Bergen")
    deal = staff.do("deal.create", "boris", name="a", account_id=account)
    given = {"record_type": "deal", "record_id": deal.id, "by_territory": True}
    assert staff.do("record.assign", "boris", **given).owner_id == anna
    nowhere = staff.do("deal.create", "boris", name="b")
    with pytest.raises(Conflict) as refusal:
        staff.do("record.assign", "boris", **{**given, "record_id": nowhere.id})
    assert refusal.value.code == "no_territory"
