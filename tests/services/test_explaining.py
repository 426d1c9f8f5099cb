"""The explanation of somebody's rights says what their own requests would meet."""

from __future__ import annotations

import pytest

from services.actors import Permission, Verb
from services.people.groups import list_groups
from services.people.model import User
from services.records.types import get_record
from services.rights.explaining import explain, rights_of
from services.rights.labels import PERMISSION_GROUPS, label_of


@pytest.fixture
def lead(staff):
    return staff.do("lead.create", "boris", name="Kari Nordmann")


def ask(desk, who, record):
    """Return verb → (given, reasons) for a person."""

    def work(uow):
        person = uow.get(User, desk.people[who].user_id)
        return explain(uow, person, get_record(uow, record.record_type, record.id))

    return {one.verb: (one.is_given, " ".join(one.reasons)) for one in desk.ask(work)}


def test_the_owner_is_told_by_the_role_when_the_record_is_its_own(staff, lead):
    given, why = ask(staff, "boris", lead)[Verb.READ]
    assert given
    assert why == "The role Employee gives one's own leads, and Boris owns this one."


def test_what_is_missing_is_told_when_a_record_is_not_seen(staff, lead):
    answers = ask(staff, "anna", lead)
    assert not any(given for given, _ in answers.values())
    assert answers[Verb.READ][1].startswith("The roles give one's own only")
    assert answers[Verb.EXPORT][1] == "No role permits this: export lists."


def test_a_share_is_told_when_it_gives_a_record(staff, lead):
    anna = staff.people["anna"].user_id
    staff.do(
        "record.share",
        "boris",
        record_type="lead",
        record_id=lead.id,
        user_id=anna,
        until="2099-01-31",
    )
    other = staff.do("lead.create", "boris", name="Other")
    for one, who in ((lead, "sven"), (other, "anna")):
        whom = staff.people[who].user_id
        staff.do("record.share", "boris", record_type="lead", record_id=one.id, user_id=whom)
    answers = ask(staff, "anna", lead)
    assert answers[Verb.READ] == (True, "Boris shared it with Anna until 31 Jan 2099.")
    assert answers[Verb.UPDATE][0] is False


def test_the_group_is_told_by_which_a_record_comes(staff, lead):
    groups = {one.name: one for one in staff.ask(list_groups)}
    share = {"record_type": "lead", "record_id": lead.id}
    staff.do("record.share", "boris", **share, group_id=groups["Service"].id)
    why = ask(staff, "sven", lead)[Verb.READ][1]
    assert why == "Boris shared it with Service; Sven belongs to it."
    staff.do("user.update", user_id=staff.people["sven"].user_id, groups=["Managers"])
    staff.do("record.assign", **share, group="Sales", user="boris@lanewise.example")
    staff.do("group.update", group_id=groups["Sales"].id, parent_id=groups["Managers"].id)
    why = ask(staff, "sven", lead)[Verb.READ][1]
    assert why.endswith("and Sales is below Managers, to which Sven belongs.")


def test_taking_part_is_told_for_all_that_it_gives(staff):
    role = staff.do(
        "role.create",
        name="Clerk",
        permissions=["record:read", "record:write", "data:export"],
        records={"*": dict.fromkeys(("read", "update", "delete", "export"), "own")},
    )
    staff.add_person("petra", roles=(role.key,))
    deal = staff.do("deal.create", "boris", name="Fleet")
    petra, user = (staff.people[name].user_id for name in ("petra", "boris"))
    staff.do("deal.set_member", "boris", deal_id=deal.id, user_id=petra, role="Helper")
    answers = ask(staff, "petra", deal)
    told = (True, "Petra takes part in it.")
    assert [answers[verb] for verb in (Verb.READ, Verb.UPDATE, Verb.EXPORT)] == [told] * 3
    assert answers[Verb.DELETE][0] is False
    own = staff.do("deal.create", name="Own", owner_id=petra)
    staff.do("deal.set_member", "petra", deal_id=own.id, user_id=user, role="Helper")
    assert "takes part" not in ask(staff, "petra", own)[Verb.READ][1]


def test_the_answer_is_that_of_the_persons_own_requests_when_it_is_explained(staff, lead):
    staff.do("record.assign", record_type="lead", record_id=lead.id, group="Sales")
    for who in ("anna", "boris", "sven", "maria", "olga"):
        answers = ask(staff, who, lead)
        for verb in (Verb.READ, Verb.UPDATE, Verb.DELETE):

            def look(uow, verb=verb):
                return uow.find(type(lead), lead.id, verb=verb) is not None

            given, why = answers[verb]
            assert given is staff.ask(look, actor=who), (who, verb)
            assert why


def test_closed_fields_are_told_when_a_role_closes_them(staff):
    role = staff.do(
        "role.create",
        name="Clerk",
        permissions=["record:read"],
        records={"*": {"read": "all"}},
        field_rights={"deal": {"amount": "hidden", "needs": "read"}},
    )
    staff.add_person("petra", roles=(role.key,))
    rights = staff.ask(lambda uow: rights_of(uow.get(User, staff.people["petra"].user_id)))
    deal = next(one for one in rights if one.record_type.name == "deal")
    assert (deal.hidden, deal.locked) == (("Amount", "Expected revenue"), ("Needs",))


def test_every_permission_has_words_of_its_own():
    labels = [label_of(permission) for permission in Permission]
    assert not set(labels) & set(Permission)
    assert sum(len(group) for group in PERMISSION_GROUPS.values()) == len(Permission)
