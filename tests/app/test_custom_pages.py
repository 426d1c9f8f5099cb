"""Pages and resources of added fields and types."""

from __future__ import annotations

import re
from io import BytesIO

import pytest


@pytest.fixture
def olga(browse):
    return browse("administrator")


def add_field(browser, record_type, kind, label, **given):
    address = f"/admin/layout/{record_type}/new?kind={kind}"
    browser.get(address)
    made = browser.post(address, kind=kind, label=label, **given)
    assert made.status_code == 302, made.text
    return made


def add_type(browser):
    browser.get("/admin/layout/new")
    given = {"label": "Project", "plural": "Projects", "icon": "flag"}
    return browser.post("/admin/layout/new", **given)


def test_a_field_of_each_kind_is_added_by_its_form(olga):
    page = olga.get("/admin/layout/deal/new").text
    kinds = sorted(set(re.findall(r"kind=(\w+)", page)))
    assert len(kinds) == 16
    more = {
        "choice": {"choices.0.label": "Red"},
        "multi_choice": {"choices.0.label": "Red"},
        "relation": {"relation": "user"},
        "formula": {"formula": "amount", "result": "money"},
    }
    for kind in kinds:
        add_field(olga, "deal", kind, f"My {kind}", is_in_list="1", **more.get(kind, {}))
    fields = olga.get("/admin/layout/deal").text
    form = olga.get("/deals/new").text
    olga.get("/deals")
    for kind in kinds:
        assert f"My {kind}" in fields
        assert kind == "formula" or f"My {kind}" not in form
    made = olga.post("/deals/new", name="D")
    shown = olga.get(made.headers["Location"]).text
    listed = olga.get("/deals").text
    edited = olga.get(made.headers["Location"] + "/edit").text
    for kind in kinds:
        assert f"My {kind}" in shown or kind == "long_text"
        assert f"My {kind}" in listed
        assert (f"My {kind}" in edited) is (kind != "formula")


def test_what_a_form_sends_is_shown_on_the_page(olga):
    choices = {"choices.0.label": "A", "choices.1.label": "B"}
    add_field(olga, "deal", "multi_choice", "Parts", **choices)
    add_field(olga, "deal", "boolean", "Public")
    add_field(olga, "deal", "file", "Plan")
    made = olga.post("/deals/new", name="D").headers["Location"]
    olga.get(f"{made}/edit")
    data = {
        "csrf_token": olga.csrf,
        "version": "1",
        "name": "D",
        "c_parts": ["", "a", "b"],
        "c_public": "True",
        "file.c_plan_id": (BytesIO(b"hello"), "plan.txt"),
    }
    assert olga.client.post(f"{made}/edit", data=data).status_code == 302
    page = olga.get(made).text
    assert "Changed Parts and Public" in page
    assert "Set Plan to plan.txt" in page


def test_a_refused_field_keeps_what_was_typed(olga):
    olga.get("/admin/layout/deal/new?kind=formula")
    given = {"kind": "formula", "label": "Broken", "formula": "nothing + 1", "result": "money"}
    page = olga.post("/admin/layout/deal/new", **given)
    assert page.status_code == 422
    assert "There is no field nothing." in page.text
    assert 'value="Broken"' in page.text


def test_a_form_asks_for_what_another_kind_needs_when_a_field_becomes_of_it(olga):
    add_field(olga, "deal", "decimal", "Ratio", default="0,5")
    fields = re.findall(r"/admin/layout/fields/[0-9a-f-]{36}", olga.get("/admin/layout/deal").text)
    assert 'name="default" value="0.5"' in olga.get(fields[0]).text
    asked = olga.post(fields[0], kind="choice", label="Ratio", default="")
    assert asked.status_code == 422
    assert 'name="choices.0.label"' in asked.text
    given = {"choices.0.label": "Small, or none", "choices.1.label": "Big"}
    made = olga.post(fields[0], kind="choice", label="Ratio", default="big", **given)
    assert made.status_code == 302, made.text
    assert 'name="default" value="Big"' in olga.get(fields[0]).text


def test_a_label_is_shown_as_text_whatever_it_says(olga):
    add_field(olga, "deal", "text", "<script>alert(1)</script>", is_in_list="1")
    made = olga.post("/deals/new", name="D").headers["Location"]
    for address in ("/deals", made, f"{made}/edit", "/admin/layout/deal"):
        assert "<script>alert(1)" not in olga.get(address).text


def test_a_field_is_ordered_retired_and_restored(olga):
    add_field(olga, "deal", "text", "First")
    add_field(olga, "deal", "text", "Second")
    page = olga.get("/admin/layout/deal").text
    keys = list(dict.fromkeys(re.findall(r"/admin/layout/fields/([0-9a-f-]{36})", page)))
    olga.post(f"/admin/layout/fields/{keys[1]}/move", direction="up")
    page = olga.get("/admin/layout/deal").text
    assert page.index("Second") < page.index("First")
    olga.post(f"/admin/layout/fields/{keys[1]}/retire")
    page = olga.get("/admin/layout/deal").text
    assert "Retired fields" in page
    olga.post(f"/admin/layout/fields/{keys[1]}/restore")
    assert "Retired fields" not in olga.get("/admin/layout/deal").text


def test_an_added_type_has_pages_and_a_place_in_the_side_bar(olga, browse):
    assert add_type(olga).status_code == 302
    add_field(olga, "x_project", "relation", "Deal", relation="deal")
    anna = browse("employee")
    assert 'href="/x/projects"' in anna.get("/deals").text
    assert "No projects yet" in anna.get("/x/projects").text
    anna.get("/deals/new")
    deal = anna.post("/deals/new", name="D").headers["Location"]
    made = anna.post("/x/projects/new", name="Rollout")
    page = made.headers["Location"]
    assert page.startswith("/x/projects/")
    version = re.search(r'name="version" value="(\d+)"', anna.get(f"{page}/edit").text).group(1)
    key = deal.rpartition("/")[2]
    anna.post(f"{page}/edit", version=version, name="Roll-out", c_deal_id=key)
    assert "Roll-out" in anna.get(deal).text
    assert "Roll-out" in anna.get("/x/projects").text
    anna.post(f"{page}/notes", text="A remark")
    assert "A remark" in anna.get(page).text
    anna.post(f"{page}/delete")
    assert "Roll-out" in anna.get("/x/projects/bin").text


def test_pages_of_a_retired_type_are_not_found(olga):
    add_type(olga)
    key = re.search(r"/admin/layout/types/([0-9a-f-]{36})", olga.get("/admin/layout").text).group(1)
    olga.post(f"/admin/layout/types/{key}/retire")
    assert olga.get("/x/projects").status_code == 404
    assert olga.get("/x/nothing").status_code == 404
    olga.post(f"/admin/layout/types/{key}/restore")
    assert olga.get("/x/projects").status_code == 200


def test_activities_are_listed_when_the_type_they_are_about_is_retired(olga, api):
    add_type(olga)
    call = api("administrator")
    project = call("POST", "/operations/x_project.create", {"name": "Harbour"}).json
    about = {"regarding_type": "x_project", "regarding_id": project["id"]}
    made = call("POST", "/operations/activity.create", {"kind": "task", "subject": "Dig", **about})
    assert made.status_code == 200, made.text
    [row] = call("GET", "/activities").json["items"]
    [place] = set(re.findall(r"/admin/layout/types/[0-9a-f-]{36}", olga.get("/admin/layout").text))
    olga.post(f"{place}/retire")
    for address in ("/activities", f"/activities/{row['id']}", f"/activities/{row['id']}/edit"):
        page = olga.get(address)
        assert page.status_code == 200, address
        assert "Dig" in page.text
    done = call("POST", "/operations/activity.complete", {"activity_id": row["id"]})
    assert done.status_code == 200, done.text


def test_the_api_serves_added_fields_and_types(olga, api):
    add_field(olga, "deal", "decimal", "Budget", is_required="1")
    add_type(olga)
    call = api("employee")
    refused = call("POST", "/deals", {"name": "D"})
    assert refused.json["errors"] == {"c_budget": ["Please fill this in."]}
    made = call("POST", "/deals", {"name": "D", "c_budget": 0.1})
    assert made.json["c_budget"] == "0.1"
    project = call("POST", "/x/projects", {"name": "Rollout"})
    assert project.status_code == 201
    place = project.headers["Location"].removeprefix("/api/v1")
    assert call("PATCH", place, {"name": "R"}).json["name"] == "R"
    assert call("GET", "/x/projects?name=R").json["total"] == 1
    assert call("POST", "/x/projects/search", {"q": "R"}).status_code == 200
    assert call("GET", f"{place}/timeline").json["items"]
    assert call("POST", "/operations/x_project.create", {"name": "By name"}).status_code == 200
    assert call("POST", "/operations/x_nothing.create", {}).status_code == 404
    assert call("GET", "/x/nothing").status_code == 404


def test_the_description_of_the_api_tells_those_inside_of_what_was_added(olga, api, app):
    add_field(olga, "deal", "decimal", "Budget", is_required="1")
    add_type(olga)
    spec = api("employee")("GET", "/openapi.json").json
    schemas = spec["components"]["schemas"]
    for name in ("Deal", "CreateDeal", "UpdateDeal"):
        assert "c_budget" in schemas[name]["properties"], name
    assert "c_budget" in schemas["CreateDeal"]["required"]
    patch = spec["paths"]["/api/v1/deals/{key}"]["patch"]["requestBody"]["content"]
    assert "c_budget" in patch["application/json"]["schema"]["properties"]
    assert "/api/v1/x/projects/{key}" in spec["paths"]
    assert "Createx_project" in schemas or "CreateX_project" in schemas
    outside = app.test_client().get("/api/v1/openapi.json").json
    assert "c_budget" not in str(outside)
    assert olga.get("/api/v1/docs").status_code == 200


def test_a_form_offers_people_for_a_link_to_a_person(olga):
    add_field(olga, "deal", "relation", "Adviser", relation="user")
    page = olga.get("/pick/user?name=c_adviser_id&pick=boris")
    assert "Boris Demir" in page.text
    assert "Anna Berg" not in page.text


def test_a_form_offers_no_empty_choice_when_a_link_is_required(olga):
    add_field(olga, "deal", "relation", "Adviser", relation="user", is_required="1")
    add_field(olga, "deal", "relation", "Architect", relation="contact", is_in_short_form="1")
    page = olga.get("/deals/new").text
    offered = re.findall(r'class="lw-offer( d-none)?"><input type="radio" name="(c_\w+)" v', page)
    assert {name: hidden for hidden, name in offered} == {
        "c_adviser_id": " d-none",
        "c_architect_id": "",
    }


def test_what_was_saved_meanwhile_is_told_as_people_read_it(olga):
    choices = {"choices.0.label": "Oak wood", "choices.1.label": "Steel"}
    add_field(olga, "deal", "choice", "Frame", **choices)
    made = olga.post("/deals/new", name="D").headers["Location"]
    olga.post(f"{made}/edit", name="D", version="1", c_frame="oak_wood")
    refused = olga.post(f"{made}/edit", name="D", version="1", c_frame="steel")
    assert refused.status_code == 409
    assert "Saved now: Oak wood" in refused.text
