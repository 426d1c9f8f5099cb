"""Sign-in, passwords, tokens, users and groups."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from services.audit import AuditEntry
from services.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    StaleVersion,
)
from services.people.groups import MAX_LEVELS, list_groups
from services.people.model import User, find_group
from services.people.passwords import check_password, hash_password
from services.people.sign_in import ApiToken, sign_in, user_by_token
from services.people.users import list_tokens, list_users

PASSWORD = "a long enough phrase"


def test_a_person_is_signed_in_when_address_and_password_fit(staff):
    user = staff.ask(sign_in, " Anna@Lanewise.example", PASSWORD)
    assert user.name == "Anna"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("anna@lanewise.example", "another phrase"),
        ("nobody@lanewise.example", PASSWORD),
        ("anna@lanewise.example", "x" * 100_000),
        ("anna@lanewise.example\x00", ""),
        ("anna\ud800@lanewise.example", "\ud800"),
        ("anna@lanewise.example", "\ud800"),
    ],
)
def test_the_answer_is_alike_when_sign_in_fails(staff, email, password):
    with pytest.raises(NotAuthenticated) as caught:
        staff.ask(sign_in, email, password)
    assert caught.value.message == "The e-mail address or the password is wrong."


def test_sign_in_is_refused_when_a_person_is_switched_off(staff):
    staff.do("user.update", user_id=staff.people["anna"].user_id, active=False)
    with pytest.raises(NotAuthenticated):
        staff.ask(sign_in, "anna@lanewise.example", PASSWORD)


def test_sign_in_is_audited_when_it_succeeds(staff):
    staff.ask(sign_in, "anna@lanewise.example", PASSWORD)
    with staff.platform.session() as session:
        row = session.execute(
            text("SELECT actor_name FROM audit_entries WHERE operation = 'user.sign_in'")
        ).one()
    assert row == ("Anna",)


@pytest.mark.parametrize(
    ("email", "about"), [("anna@lanewise.example", "anna"), ("nobody@lanewise.example", None)]
)
def test_sign_in_is_audited_when_it_is_refused(staff, email, about):
    def attempt(uow):
        with pytest.raises(NotAuthenticated):
            sign_in(uow, email, "another phrase")

    staff.ask(attempt)
    entry = _refusals(staff)[-1]
    assert (entry.operation, entry.arguments) == ("user.sign_in", {})
    assert entry.record_id == (staff.people[about].user_id if about else None)


def test_what_somebody_may_not_do_is_audited_when_it_is_refused(staff):
    with pytest.raises(NotAllowed):
        staff.do("group.create", "anna", name="Friends of Anna")
    (entry,) = _refusals(staff)
    assert (entry.operation, entry.actor_name, entry.source) == ("group.create", "Anna", "test")
    assert entry.arguments == {}


def _refusals(staff):
    refused = select(AuditEntry).where(AuditEntry.refused).order_by(AuditEntry.id)
    return staff.ask(lambda uow: uow.session.scalars(refused).all())


@pytest.mark.parametrize(
    "password",
    ["short", "x" * 129, "password123", "QWERTYUIOP", "aaaaaaaaaaaa", "12345678", "phrase \ud800"],
)
def test_a_password_is_refused_when_it_is_weak(password):
    with pytest.raises(Invalid):
        hash_password(password)


def test_only_the_password_itself_fits_when_checked():
    kept = hash_password("šest žlutých koní")
    assert kept.startswith("$argon2id$")
    assert check_password(kept, "šest žlutých koní")
    assert not check_password(kept, "šest žlutých koni")
    assert not check_password("no hash", "šest žlutých koní")


def test_a_token_stands_for_its_owner_when_it_is_used(staff, clock):
    token = staff.do("token.create", "anna", name="script")["token"]
    assert staff.ask(user_by_token, token).name == "Anna"
    [kept] = staff.ask(list_tokens, actor="anna")
    assert kept.last_used_at == clock.now()
    assert token not in (kept.token_hash, kept.hint)


@pytest.mark.parametrize("change", ["revoked", "expired", "owner switched off", "altered"])
def test_a_token_stands_for_nobody_when_it_is_not_valid(staff, clock, change):
    expires = (clock.now() + timedelta(days=1)).isoformat()
    made = staff.do("token.create", "anna", name="script", expires_at=expires)
    token = made["token"]
    if change == "revoked":
        staff.do("token.revoke", "anna", token_id=made["token_id"])
    elif change == "expired":
        clock.advance(timedelta(days=1))
    elif change == "owner switched off":
        staff.do("user.update", user_id=staff.people["anna"].user_id, active=False)
    else:
        token += "x"
    assert staff.ask(user_by_token, token) is None


@pytest.mark.parametrize("who", ["anna", "olga"])
def test_a_token_ends_when_its_owner_gets_a_new_password(staff, who):
    token = staff.do("token.create", "anna", name="script")["token"]
    others = staff.do("token.create", "boris", name="script")["token"]
    new = "quite another phrase"
    if who == "anna":
        staff.do("user.change_password", who, current_password=PASSWORD, new_password=new)
    else:
        staff.do("user.update", who, user_id=staff.people["anna"].user_id, password=new)
    assert staff.ask(user_by_token, token) is None
    assert staff.ask(user_by_token, others) is not None


def test_a_token_is_dead_for_good_when_its_owner_is_switched_off(staff):
    token = staff.do("token.create", "anna", name="script")["token"]
    for active in (False, True):
        staff.do("user.update", user_id=staff.people["anna"].user_id, active=active)
        assert staff.ask(user_by_token, token) is None


def test_a_token_is_not_found_when_it_is_somebody_elses(staff):
    made = staff.do("token.create", "anna", name="script")
    with pytest.raises(NotFound):
        staff.do("token.revoke", "boris", token_id=made["token_id"])
    staff.do("token.revoke", "olga", token_id=made["token_id"])
    assert staff.ask(lambda uow: uow.session.scalars(select(ApiToken)).one()).revoked_at


def test_all_sessions_end_when_a_password_changes(staff):
    epoch = staff.ask(sign_in, "anna@lanewise.example", PASSWORD).session_epoch
    raw = {"current_password": PASSWORD, "new_password": "a second long phrase"}
    user = staff.do("user.change_password", "anna", **raw)
    assert user.session_epoch == epoch + 1
    with pytest.raises(Invalid) as caught:
        staff.do("user.change_password", "anna", **raw)
    assert "current_password" in caught.value.fields


@pytest.mark.parametrize("change", [{"roles": ["analyst"]}, {"active": False}, {"scope": "own"}])
def test_all_sessions_end_when_rights_change(staff, change):
    key = staff.people["anna"].user_id
    assert staff.do("user.update", user_id=key, **change).session_epoch == 2


def test_the_last_administrator_stays_when_rights_change(staff):
    olga = staff.people["olga"].user_id
    for change in ({"active": False}, {"roles": ["employee"]}):
        with pytest.raises(Conflict):
            staff.do("user.update", user_id=olga, **change)
    assert staff.ask(lambda uow: uow.session.get(User, olga)).active


def test_an_administrator_stays_when_two_take_the_role_from_each_other_at_once(staff):
    staff.add_person("oscar", roles=("administrator",))
    barrier = threading.Barrier(2)

    def demote(who, whom):
        barrier.wait()
        try:
            staff.do("user.update", who, user_id=staff.people[whom].user_id, roles=["employee"])
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(demote, ("olga", "oscar"), ("oscar", "olga")))
    assert sum(done) == 1


def test_an_address_is_refused_when_it_is_taken(staff):
    with pytest.raises(Conflict):
        staff.do("user.create", name="A", email="ANNA@lanewise.example", password=PASSWORD)


def test_groups_and_members_are_kept_when_set(staff):
    group = staff.do("group.create", name="Export")
    keys = [staff.people[name].user_id for name in ("anna", "boris")]
    staff.do("group.set_members", group_id=group.id, user_ids=keys)
    staff.do("group.set_members", group_id=group.id, user_ids=keys[:1])
    users = {user.name: [g.name for g in user.groups] for user in staff.ask(list_users)}
    assert sorted(users["Anna"]) == ["Export", "Sales"]
    assert users["Boris"] == ["Sales"]
    with pytest.raises(Conflict, match="called Sales"):
        staff.do("group.update", group_id=group.id, name="Sales")
    assert "Export" in [g.name for g in staff.ask(list_groups)]
    assert staff.ask(find_group, "export") is None


def test_what_others_changed_of_members_stays_when_it_was_not_seen(staff):
    anna, boris, sven = (str(staff.people[name].user_id) for name in ("anna", "boris", "sven"))
    group = staff.do("group.create", name="Export")

    def choose(*keys, seen):
        staff.do("group.set_members", group_id=group.id, user_ids=keys, seen_ids=seen)

    choose(anna, boris, seen=[])
    choose(boris, seen=[anna, boris])
    choose(anna, boris, sven, seen=[anna, boris])
    names = {user.name for user in staff.ask(list_users) if group.id in {g.id for g in user.groups}}
    assert names == {"Boris", "Sven"}


def test_people_are_managed_by_administrators_only_when_asked(staff):
    with pytest.raises(NotAllowed):
        staff.do("user.create", "anna", name="X", email="x@x.example", password=PASSWORD)


def test_a_change_is_refused_when_somebody_else_changed_the_person_meanwhile(staff):
    anna = staff.people["anna"].user_id
    seen = staff.ask(lambda uow: uow.get(User, anna).version)
    staff.do("user.update", user_id=anna, version=seen, name="Anna Berg")
    with pytest.raises(StaleVersion):
        staff.do("user.update", user_id=anna, version=seen, name="Anna Lund")
    assert staff.ask(lambda uow: uow.get(User, anna).name) == "Anna Berg"


def test_a_group_is_not_overwritten_when_a_person_has_joined_meanwhile(staff):
    group = staff.do("group.create", name="Export")
    anna, sven = staff.people["anna"].user_id, staff.people["sven"].user_id
    staff.do("user.update", user_id=anna, groups=["Export"])
    with pytest.raises(StaleVersion):
        staff.do("group.set_members", group_id=group.id, user_ids=[sven], version=group.version)


def test_a_person_is_not_overwritten_when_a_group_has_taken_it_in_meanwhile(staff):
    anna = staff.people["anna"].user_id
    seen = staff.ask(lambda uow: uow.get(User, anna).version)
    group = staff.do("group.create", name="Export")
    staff.do("group.set_members", group_id=group.id, user_ids=[anna])
    with pytest.raises(StaleVersion):
        staff.do("user.update", user_id=anna, groups=["Sales"], version=seen)


def test_groups_are_refused_when_those_below_would_stand_too_deep(staff):
    def chain(length, above=None):
        keys = []
        for number in range(length):
            name = f"{above}-{length}-{number}"
            above = staff.do("group.create", name=name, parent_id=above).id
            keys.append(above)
        return keys

    deep, short = chain(MAX_LEVELS - 2), chain(3)
    with pytest.raises(Conflict, match="levels"):
        staff.do("group.update", group_id=short[0], parent_id=deep[-1])
    staff.do("group.update", group_id=short[0], parent_id=deep[-2])
    with pytest.raises(Conflict, match="levels"):
        staff.do("group.create", name="Too deep", parent_id=short[-1])
    with pytest.raises(Conflict, match="below itself"):
        staff.do("group.update", group_id=deep[0], parent_id=short[-1])
