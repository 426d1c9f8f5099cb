"""Roles as data: whose records and which fields, for which verb; teams; what holds at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from services.actors import Permission, Verb
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.people.model import Group, User, find_group, find_signed_in, find_user
from services.records.lists import list_records
from services.records.types import get_record
from services.rights.book import RightsBook
from services.rights.reach import RecordRights, RoleRules, Scope
from services.rights.roles import list_roles

WRITER = ["record:read", "record:write", "profile:write"]


def role_of(desk, name, **values):
    """Make a role and return its key."""
    return desk.do("role.create", name=name, **{"permissions": WRITER, **values}).key


def person_with(desk, name, *roles, scope="team", groups=("Sales",)):
    return desk.add_person(name, *groups, scope=scope, roles=roles)


def again(desk, name):
    """Return the person as its next request knows it."""
    desk.people[name] = desk.ask(lambda uow: find_user(uow, f"{name}@lanewise.example").actor())
    return desk.people[name]


def lead_for(desk, owner):
    """Make a lead of the Sales team that belongs to a person."""
    lead = desk.do("lead.create", name="Kari Nordmann", email="kari@x.example")
    return desk.do(
        "record.assign",
        record_type="lead",
        record_id=lead.id,
        user=f"{owner}@lanewise.example",
        group="Sales",
    )


def test_the_widest_scope_wins_when_several_roles_are_held():
    rules = {
        "a": RoleRules({"*": {"read": "own"}, "deal": {"read": "team"}}),
        "b": RoleRules({"*": {"read": "standard", "update": "all"}}),
    }
    rights = RecordRights(rules, Scope.OWN)
    assert rights.scope("deal", Verb.READ) is Scope.TEAM
    assert rights.scope("lead", Verb.READ) is Scope.OWN
    assert rights.scope("lead", Verb.CREATE) is Scope.NONE


def test_nothing_is_changed_further_than_it_is_seen_when_a_role_says_so():
    rights = RecordRights({"a": RoleRules({"*": {"read": "own", "update": "all"}})}, Scope.TEAM)
    assert rights.scope("deal", Verb.UPDATE) is Scope.OWN


def test_a_role_opens_no_fields_when_it_gives_no_records_of_their_type():
    hiding = RoleRules({"deal": {"read": "all"}}, {"deal": {"competitor": "hidden"}})
    other = RoleRules({"lead": {"read": "all"}})
    generous = RoleRules({"deal": {"read": "own"}}, {"deal": {"competitor": "read"}})
    assert RecordRights({"a": hiding, "b": other}, Scope.OWN).hidden("deal") == {"competitor"}
    both = RecordRights({"a": hiding, "b": generous}, Scope.OWN)
    assert (both.hidden("deal"), both.locked("deal")) == (frozenset(), {"competitor"})


def test_a_field_is_closed_when_no_role_gives_records_of_its_type():
    hiding = RoleRules({"deal": {"read": "own"}}, {"account": {"phone": "hidden"}})
    other = RoleRules({"lead": {"read": "all"}})
    assert "phone" in RecordRights({"a": hiding, "b": other}, Scope.OWN).hidden("account")


@pytest.mark.parametrize(
    ("cells", "sees"),
    [
        ({"*": {"read": "own"}}, {"own"}),
        ({"*": {"read": "team"}}, {"own", "team"}),
        ({"*": {"read": "all"}}, {"own", "team", "other"}),
        ({"*": {"read": "all"}, "lead": {}}, set()),
        ({"*": {"read": "standard"}}, {"own", "team"}),
    ],
)
def test_the_records_that_a_role_names_are_seen_when_it_is_held(staff, cells, sees):
    role = role_of(staff, "Reader", records=cells)
    person_with(staff, "petra", role)
    leads = {
        "own": lead_for(staff, "petra"),
        "team": lead_for(staff, "boris"),
        "other": staff.do("lead.create", "sven", name="Of the service"),
    }
    found = {row.id for row in staff.ask(list_records, "lead", actor="petra").items}
    assert found == {leads[name].id for name in sees}


def test_a_record_is_read_but_not_changed_when_the_role_reaches_no_further(staff):
    role = role_of(staff, "Reader", records={"*": {"read": "team", "update": "own"}})
    person_with(staff, "petra", role)
    own, team = lead_for(staff, "petra"), lead_for(staff, "boris")
    staff.do("lead.update", "petra", lead_id=own.id, company="Hers")
    assert staff.ask(get_record, "lead", team.id, actor="petra").name == "Kari Nordmann"
    with pytest.raises(NotAllowed):
        staff.do("lead.update", "petra", lead_id=team.id, company="Not hers")
    other = staff.do("lead.create", "sven", name="Of the service")
    with pytest.raises(NotFound):
        staff.do("lead.update", "petra", lead_id=other.id, company="Not seen")


def test_a_record_is_deleted_only_when_a_role_gives_that(staff):
    role = role_of(
        staff, "Writer", records={"*": {"read": "team", "update": "team", "delete": "own"}}
    )
    person_with(staff, "petra", role)
    own, team = lead_for(staff, "petra"), lead_for(staff, "boris")
    with pytest.raises(NotAllowed):
        staff.do("record.delete", "petra", record_type="lead", record_id=team.id)
    staff.do("record.delete", "petra", record_type="lead", record_id=own.id)
    staff.do("record.delete", "boris", record_type="lead", record_id=team.id)
    with pytest.raises(NotFound):
        staff.do("record.restore", "petra", record_type="lead", record_id=team.id)


@pytest.mark.parametrize(
    ("scope", "for_whom", "may"),
    [
        ("none", "petra", False),
        ("own", "petra", True),
        ("own", "boris", False),
        ("team", "boris", True),
        ("team", "sven", False),
        ("all", "sven", True),
    ],
)
def test_a_record_is_created_when_the_role_reaches_its_owner(staff, scope, for_whom, may):
    role = role_of(staff, "Maker", records={"*": {"read": "all", "create": scope}})
    person_with(staff, "petra", role)
    team = "Service" if for_whom == "sven" else "Sales"
    keys = staff.ask(lambda uow: {g.name: g.id for g in uow.session.scalars(select(Group))})
    raw = {"owner_id": staff.people[for_whom].user_id, "team_id": keys[team]}
    if may:
        assert staff.do("lead.create", "petra", name="New", **raw).id
    else:
        with pytest.raises(NotAllowed):
            staff.do("lead.create", "petra", name="New", **raw)


def test_a_verb_is_refused_when_no_role_permits_it(staff):
    role = role_of(staff, "Looker", permissions=["record:read"], records={"*": {"read": "all"}})
    person_with(staff, "petra", role)
    with pytest.raises(NotAllowed):
        staff.do("lead.create", "petra", name="New")


def test_a_lead_of_teams_sees_those_below_when_its_scope_is_team(staff):
    north = staff.do("group.create", name="North")
    sales = staff.ask(lambda uow: uow.session.scalar(select(Group.id).where(Group.name == "Sales")))
    staff.do("group.update", group_id=sales, parent_id=north.id)
    staff.add_person("nora", "North")
    lead = lead_for(staff, "boris")
    assert staff.ask(get_record, "lead", lead.id, actor="nora")
    above = staff.do("lead.create", "nora", name="Of the north", team_id=north.id)
    with pytest.raises(NotFound):
        staff.ask(get_record, "lead", above.id, actor="boris")
    assert north.id in staff.people["nora"].group_ids
    assert sales not in staff.people["nora"].group_ids  # its task queues stay its own


def test_groups_make_no_circle_when_two_are_moved_at_once(staff):
    keys = staff.ask(lambda uow: {g.name: g.id for g in uow.session.scalars(select(Group))})
    barrier = threading.Barrier(2)

    def put_below(pair):
        barrier.wait()
        try:
            staff.do("group.update", group_id=keys[pair[0]], parent_id=keys[pair[1]])
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        moves = [("Sales", "Service"), ("Service", "Sales")]
        assert sum(pool.map(put_below, moves)) == 1
    with pytest.raises(Conflict):
        staff.do("group.update", group_id=keys["Managers"], parent_id=keys["Managers"])


def test_a_changed_role_holds_when_the_next_request_comes(staff):
    role = role_of(staff, "Reader", records={"*": {"read": "own"}})
    person_with(staff, "petra", role)
    lead_for(staff, "boris")
    assert staff.ask(list_records, "lead", actor="petra").total == 0
    staff.do("role.update", role=role, records={"*": {"read": "team"}})
    again(staff, "petra")
    assert staff.ask(list_records, "lead", actor="petra").total == 1


def test_a_request_reads_roles_only_when_they_have_changed(staff):
    role = role_of(staff, "Reader", records={"*": {"read": "own"}})
    key = person_with(staff, "petra", role).user_id

    def load():
        with staff.platform.reader() as session:
            return find_signed_in(session, staff.platform.part(RightsBook), key)

    load()
    with staff.counting() as statements:
        load()
    assert len(statements) == 1
    staff.do("role.update", role=role, name="Other reader")
    with staff.counting() as statements:
        load()
    assert len(statements) == 2


def test_nothing_is_remembered_when_a_change_of_roles_was_rolled_back(staff):
    role = role_of(staff, "Reader", records={"*": {"read": "own"}})
    person_with(staff, "petra", role)

    def widen_and_fail(uow):
        from services.operations import run  # noqa: PLC0415

        run(uow, "role.update", {"role": role, "records": {"*": {"read": "all"}}})
        assert find_user(uow, "petra@lanewise.example").actor().reach("lead") is Scope.ALL
        raise Conflict("undone")

    with pytest.raises(Conflict):
        staff.ask(widen_and_fail)
    assert again(staff, "petra").reach("lead") is Scope.OWN


def test_a_shipped_role_is_as_it_ships_when_it_is_reset(staff):
    staff.do("role.update", role="employee", permissions=["record:read"])
    assert again(staff, "boris").permissions == {Permission.RECORD_READ}
    staff.do("role.reset", role="employee")
    assert again(staff, "boris").may(Permission.RECORD_WRITE)
    made = staff.do("role.create", name="Clerk", permissions=["record:read"])
    with pytest.raises(NotFound):
        staff.do("role.reset", role=made.key)


@pytest.mark.parametrize("name", ["role.update", "role.delete"])
def test_administrators_keep_their_role_when_somebody_would_change_it(staff, name):
    with pytest.raises(Conflict):
        staff.do(name, "olga", role="administrator")


def test_a_role_stays_when_somebody_holds_it(staff):
    role = role_of(staff, "Reader")
    person_with(staff, "petra", role)
    with pytest.raises(Conflict, match="Petra"):
        staff.do("role.delete", role=role)
    staff.do("user.update", user_id=staff.people["petra"].user_id, roles=["employee"])
    staff.do("role.delete", role=role)
    assert role not in [one.key for one in staff.ask(list_roles)]


def test_a_role_is_not_deleted_when_it_is_given_at_the_same_moment(staff):
    role = role_of(staff, "Reader")
    barrier = threading.Barrier(2)
    key = staff.people["boris"].user_id

    def give():
        barrier.wait()
        try:
            staff.do("user.update", user_id=key, roles=[role])
        except Invalid:
            return "refused"
        return "given"

    def delete():
        barrier.wait()
        try:
            staff.do("role.delete", role=role)
        except Conflict:
            return "refused"
        return "deleted"

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(give), pool.submit(delete)
        assert {first.result(), second.result()} in ({"given", "refused"}, {"refused", "deleted"})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"records": {"no_such": {"read": "all"}}}, "records"),
        ({"records": {"deal": {"read": "everything"}}}, "records.deal.value.read.value"),
        ({"permissions": ["fly"]}, "permissions.0"),
        ({"field_rights": {"no_such": {"name": "read"}}}, "field_rights"),
        ({"field_rights": {"deal": {"no_such": "read"}}}, "field_rights"),
        ({"field_rights": {"deal": {"name": "hidden"}}}, "field_rights"),
        ({"name": "employee"}, "name"),
    ],
)
def test_a_role_is_refused_when_it_says_what_there_is_not(staff, values, field):
    with pytest.raises(Invalid) as caught:
        staff.do("role.create", **{"name": "New", **values})
    assert field in caught.value.fields


def test_a_role_is_refused_when_a_person_is_given_one_that_is_not_there(staff):
    with pytest.raises(Invalid) as caught:
        staff.do("user.update", user_id=staff.people["anna"].user_id, roles=["no_such"])
    assert "roles" in caught.value.fields


def test_nobody_gives_more_than_it_may_do_when_it_looks_after_people(staff):
    role = role_of(staff, "Office", permissions=[*WRITER, "user:manage"])
    person_with(staff, "petra", role)
    boris, olga = (staff.people[name].user_id for name in ("boris", "olga"))
    for values in (
        {"user_id": staff.people["petra"].user_id, "roles": [role, "administrator"]},
        {"user_id": olga, "password": "a phrase that petra knows"},
        {"user_id": boris, "roles": ["analyst"]},
    ):
        with pytest.raises(NotAllowed):
            staff.do("user.update", "petra", **values)
    with pytest.raises(NotAllowed):
        staff.do("role.update", "petra", role=role, permissions=[one.value for one in Permission])
    with pytest.raises(NotAllowed):
        staff.do("role.create", "petra", name="More", permissions=["instance:operate"])


@pytest.fixture
def petra(staff):
    """Petra of Sales looks after people; she sees her teams' records, and no deal's amount."""
    role = role_of(
        staff,
        "Office",
        permissions=[*WRITER, "user:manage"],
        records={"*": {"read": "team", "update": "own"}, "deal": {"read": "standard"}},
        field_rights={"deal": {"amount": "hidden", "probability": "read"}},
    )
    person_with(staff, "petra", role)
    return role


CLOSED = {"deal": {"amount": "hidden", "probability": "read"}}


@pytest.mark.parametrize(
    ("records", "field_rights"),
    [
        ({"lead": {"read": "all"}}, {}),
        ({"*": {"read": "all"}}, CLOSED),
        ({"lead": {"read": "standard"}}, {}),
        ({"lead": {"read": "team", "update": "team"}}, {}),
        ({"lead": {"read": "own", "delete": "own"}}, {}),
        ({"deal": {"read": "own"}}, {"deal": {"probability": "read"}}),
        ({"deal": {"read": "own"}}, {"deal": {"amount": "hidden"}}),
    ],
)
def test_a_role_is_refused_when_it_says_more_than_its_makers(staff, petra, records, field_rights):
    values = {"permissions": [], "records": records, "field_rights": field_rights}
    with pytest.raises(NotAllowed):
        staff.do("role.create", "petra", name="More", **values)
    with pytest.raises(NotAllowed):
        staff.do("role.update", "petra", role=petra, records=records, field_rights=field_rights)


def test_a_role_is_made_when_it_says_no_more_than_its_makers(staff, petra):
    records = {"*": {"read": "own"}, "lead": {"read": "team", "update": "own"}}
    records["deal"] = {"read": "standard"}
    values = {"permissions": ["record:read"], "records": records, "field_rights": CLOSED}
    role = staff.do("role.create", "petra", name="Less", **values)
    made = {"name": "Nils", "email": "nils@x.example", "password": "a phrase of his own"}
    made |= {"roles": [role.key], "groups": ["Sales"]}
    nils = staff.do("user.create", "petra", **made, scope="team")
    staff.do("user.update", "petra", user_id=nils.id, scope="own")
    for change in ({"scope": "all"}, {"groups": ["Sales", "Service"]}, {"roles": ["analyst"]}):
        with pytest.raises(NotAllowed):
            staff.do("user.update", "petra", user_id=nils.id, **change)


def test_nobody_is_taken_over_when_it_sees_more(staff, petra):
    wide = person_with(staff, "vera", petra, scope="all")
    other = person_with(staff, "otto", petra, groups=("Service",))
    for who in (wide, other):
        with pytest.raises(NotAllowed):
            staff.do("user.update", "petra", user_id=who.user_id, password="petra knows this one")
    with pytest.raises(NotAllowed):  # though what it were then is within hers
        staff.do("user.update", "petra", user_id=wide.user_id, scope="own")
    with pytest.raises(NotAllowed):
        staff.do("user.update", "petra", user_id=staff.people["petra"].user_id, scope="all")


def test_nobody_is_let_into_a_group_when_its_records_are_not_seen(staff, petra):
    me = staff.people["petra"].user_id
    sales, service = (
        staff.ask(lambda uow, n=n: find_group(uow, n).id) for n in ("Sales", "Service")
    )
    with pytest.raises(NotAllowed):
        staff.do("group.set_members", "petra", group_id=service, user_ids=[me])
    with pytest.raises(NotAllowed):
        staff.do("group.update", "petra", group_id=service, parent_id=sales)
    new = person_with(staff, "nora", petra, scope="own", groups=())
    members = [
        *staff.ask(
            lambda uow: [
                one.id
                for one in uow.session.scalars(select(User))
                if sales in {g.id for g in one.groups}
            ]
        ),
        new.user_id,
    ]
    staff.do("group.set_members", "petra", group_id=sales, user_ids=members)
    assert sales in again(staff, "nora").group_ids


def test_an_administrator_gives_any_scope_when_its_own_is_narrow(staff):
    staff.add_person("aldo", roles=("administrator",), scope="own")
    staff.do("user.update", "aldo", user_id=staff.people["boris"].user_id, scope="all")
    assert again(staff, "boris").reach("deal") is Scope.ALL


def test_an_operator_is_no_administrator_when_the_last_one_would_go(staff):
    every = {"*": dict.fromkeys([verb.value for verb in Verb], "all")}
    role = role_of(staff, "Office", permissions=[one.value for one in Permission], records=every)
    person_with(staff, "petra", role)
    with pytest.raises(Conflict):
        staff.do("user.update", "petra", user_id=staff.people["olga"].user_id, roles=[role])
    assert staff.ask(lambda uow: uow.session.get(User, staff.people["olga"].user_id)).active


def test_keys_of_roles_differ_when_their_names_have_the_same_letters(staff):
    assert role_of(staff, "Ведущий") == "role"
    assert role_of(staff, "Борт") == "role_2"
    assert role_of(staff, "Sales lead!") == "sales_lead"
