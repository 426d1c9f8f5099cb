"""The administrators' pages of roles and rights, and the card of shares on a record."""

from __future__ import annotations

import re
from uuid import UUID

from services.actors import SYSTEM
from services.people.model import User
from services.rights.roles import get_role
from tests.app.conftest import PEOPLE

CLERK = {
    "name": "Clerk",
    "description": "enters what others have agreed",
    "permissions": ["record:read", "record:write"],
    "scope:*:read": "team",
    "scope:*:update": "own",
    "scope:deal:read": "all",
    "field:deal:amount": "hidden",
    "field:deal:needs": "write",
}


def role(platform, key):
    return platform.transact(SYSTEM, lambda uow: get_role(uow, key))


def test_a_role_is_made_by_its_form_and_given_to_a_person(browse, platform, people):
    olga = browse("administrator")
    olga.get("/admin/roles/new")
    assert olga.post("/admin/roles/new", **CLERK).status_code == 302
    made = role(platform, "clerk")
    assert made.rules.records["*"] == {"read": "team", "update": "own"}
    assert made.rules.records["deal"] == {"read": "all", "update": "own"}
    assert made.rules.fields == {"deal": {"amount": "hidden"}}
    person = f"/admin/people/{people['employee']}"
    assert "Clerk" in olga.get(person).text
    values = {"name": "Anna Berg", "email": PEOPLE["employee"][0], "scope": "team"}
    olga.post(person, **values, groups=["Sales"], roles=["clerk"])
    anna = platform.transact(SYSTEM, lambda uow: uow.get(User, UUID(people["employee"])).actor())
    assert anna.roles == {"clerk"}


def test_a_role_keeps_what_was_typed_when_it_is_refused(browse):
    olga = browse("administrator")
    olga.get("/admin/roles/new")
    page = olga.post("/admin/roles/new", **{**CLERK, "name": "Employee"})
    assert page.status_code == 422
    assert "There is a role called Employee already." in page.text
    assert re.search(r'value="record:write" checked', page.text)


def test_a_role_is_changed_by_its_form_and_reset(browse, platform):
    olga = browse("administrator")
    olga.get("/admin/roles/employee")
    sent = {**CLERK, "name": "Employee", "permissions": ["record:read"]}
    assert olga.post("/admin/roles/employee", **sent).status_code == 302
    assert role(platform, "employee").permissions == {"record:read"}
    olga.get("/admin/roles")
    assert olga.post("/admin/roles/employee/reset").status_code == 302
    assert not role(platform, "employee").is_changed


def test_a_role_changed_meanwhile_is_a_conflict_when_an_old_form_is_sent(browse, as_person):
    as_person("administrator", "role.create", {"name": "Clerk"})
    olga = browse("administrator")
    olga.get("/admin/roles/clerk")
    as_person("administrator", "role.update", {"role": "clerk", "description": "newer"})
    page = olga.post("/admin/roles/clerk", **CLERK, version="1")
    assert page.status_code == 409
    assert "Saved now: newer" in page.text
    assert 'name="version" value="2"' in page.text


def test_a_role_that_ships_is_a_conflict_when_somebody_has_changed_it_first(browse, as_person):
    olga = browse("administrator")
    olga.get("/admin/roles/employee")
    as_person("administrator", "role.update", {"role": "employee", "description": "newer"})
    sent = {**CLERK, "name": "Employee", "version": "0"}
    assert olga.post("/admin/roles/employee", **sent).status_code == 409


def test_the_administrators_role_can_only_be_looked_at(browse):
    olga = browse("administrator")
    page = olga.get("/admin/roles/administrator")
    assert "Nobody can change this role" in page.text
    assert "disabled" in page.text
    assert olga.post("/admin/roles/administrator", **CLERK).status_code == 409


def test_a_persons_rights_are_explained_for_the_record_at_an_address(browse, people, lead_of):
    key = lead_of("colleague")
    olga = browse("administrator")
    page = olga.get(f"/admin/people/{people['colleague']}/rights?record=http://x/leads/{key}?a=1")
    assert "and Boris Demir owns this one" in page.text
    for nothing in ("leads/no-key", "nowhere/5", "//", f"leads/{people['colleague']}"):
        page = olga.get(f"/admin/people/{people['colleague']}/rights?record={nothing}")
        assert "There is no " in page.text, nothing


def test_a_record_is_shared_and_no_longer_shared_on_its_page(browse, people, lead_of):
    key = lead_of("desk")
    anna, sven = browse("employee"), browse("desk")
    assert anna.get(f"/leads/{key}").status_code == 404
    sven.get(f"/leads/{key}")
    sven.post(f"/leads/{key}/shares", **{"with": f"user:{people['employee']}", "level": "read"})
    page = anna.get(f"/leads/{key}")
    assert page.status_code == 200
    assert f"/leads/{key}/edit" not in page.text
    assert anna.get(f"/leads/{key}/edit").status_code == 403
    end = re.search(rf"/leads/{key}/shares/[0-9a-f-]+/end", sven.get(f"/leads/{key}").text)
    assert sven.post(end.group(0)).status_code == 302
    assert anna.get(f"/leads/{key}").status_code == 404


def test_the_side_bar_shows_what_a_person_may_open(browse, as_person, people):
    records = {"*": {"read": "own"}, "deal": {}}
    permissions = ["record:read", "calendar:write", "profile:write", "task:work"]
    values = {"name": "Planner", "permissions": permissions, "records": records}
    as_person("administrator", "role.create", values)
    as_person("administrator", "user.update", {"user_id": people["desk"], "roles": ["planner"]})
    page = browse("desk").get("/leads").text
    assert 'href="/admin/calendars"' in page
    assert 'href="/deals"' not in page
    assert 'href="/admin/people"' not in page
