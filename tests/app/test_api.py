"""The REST API."""

from __future__ import annotations

import pytest

from processes.jobs.worker import drain
from services.actors import SYSTEM
from services.operations import all_operations, run
from tests.app.conftest import PASSWORD, PEOPLE
from tests.processes.world import as_file, one_task


def test_a_token_is_got_by_address_and_password(app):
    client = app.test_client()
    body = {"email": PEOPLE["employee"][0], "password": PASSWORD}
    answer = client.post("/api/v1/token", json=body)
    assert answer.status_code == 201
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    assert client.get("/api/v1/leads", headers=headers).status_code == 200


@pytest.mark.parametrize("body", [{}, [], "x", {"email": 1, "password": 2}, {"email": "a"}])
def test_a_token_request_that_makes_no_sense_is_refused(app, body):
    assert app.test_client().post("/api/v1/token", json=body).status_code == 422


def test_a_token_of_the_profile_page_works_until_it_is_revoked(app, browse):
    browser = browse("employee")
    page = browser.post("/profile/tokens", name="Import")
    token = page.text.partition('id="new-token">')[2].partition("<")[0]
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/leads", headers=headers).status_code == 200
    revoke = page.text.partition('action="/profile/tokens/')[2].partition('"')[0]
    browser.post(f"/profile/tokens/{revoke}")
    assert app.test_client().get("/api/v1/leads", headers=headers).status_code == 401


def test_an_answer_tells_how_much_of_the_limit_is_left_when_its_route_has_one(api):
    call = api("employee")
    left = [int(call("GET", "/tasks").headers["X-RateLimit-Remaining"]) for _ in range(2)]
    assert left == [5999, 5998]
    assert "X-RateLimit-Remaining" not in call("GET", "/docs").headers


def test_a_record_is_made_read_changed_and_found(api):
    call = api("employee")
    made = call("POST", "/leads", {"name": "Kari", "company": "Fjord Hotell"})
    assert made.status_code == 201
    path = made.headers["Location"].removeprefix("/api/v1")
    assert call("GET", path).json["company"] == "Fjord Hotell"
    changed = call("PATCH", path, {"company": "Fjord AS", "version": made.json["version"]})
    assert changed.json["company"] == "Fjord AS"
    found = call("GET", "/leads?q=fjord&sort=name&limit=1").json
    assert [item["name"] for item in found["items"]] == ["Kari"]
    assert found["total"] == 1
    timeline = call("GET", f"{path}/timeline").json["items"]
    assert {entry["kind"] for entry in timeline} == {"created", "changed"}


def test_amounts_travel_as_text_so_that_no_digit_is_lost(api):
    made = api("employee")("POST", "/deals", {"name": "Windows", "amount": "1234567890123.45"})
    assert made.json["amount"] == "1234567890123.45"


def test_a_stale_change_is_a_conflict_that_says_what_changed(api):
    call = api("employee")
    made = call("POST", "/leads", {"name": "Kari"}).json
    path = f"/leads/{made['id']}"
    call("PATCH", path, {"company": "Theirs", "version": made["version"]})
    stale = call("PATCH", path, {"company": "Mine", "version": made["version"]})
    assert stale.status_code == 409
    assert stale.json["code"] == "stale_version"
    assert stale.json["changes"]


def test_a_wrong_field_is_named(api):
    response = api("employee")("POST", "/leads", {"nmae": "Kari"})
    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert set(response.json["errors"]) == {"nmae", "name"}


def test_a_body_that_is_no_json_object_is_refused(app, api):
    call = api("employee")
    assert call("POST", "/leads", ["Kari"]).status_code == 422
    client = app.test_client()
    headers = {"Authorization": "Bearer lw_x"}
    assert client.post("/api/v1/leads", data="{", headers=headers).status_code == 401


@pytest.mark.parametrize("limit", ["0", "201", "-1", "ten", "1e3", "٣"])
def test_a_page_has_1_to_200_entries(api, limit):
    response = api("employee")("GET", f"/leads?limit={limit}")
    assert list(response.json["errors"]) == ["limit"]


def test_an_unknown_filter_is_refused_not_ignored(api):
    assert api("employee")("GET", "/leads?colour=blue").status_code == 422


def test_another_s_record_is_not_found(api, lead_of):
    key = lead_of("desk")
    call = api("employee")
    assert call("GET", f"/leads/{key}").status_code == 404
    assert call("PATCH", f"/leads/{key}", {"name": "Mine"}).status_code == 404
    assert call("GET", "/leads").json["total"] == 0


def test_an_operation_runs_by_its_name(api, lead_of):
    key = lead_of("employee")
    body = {"lead_id": key, "reason": "No budget"}
    result = api("employee")("POST", "/operations/lead.work_out", body)
    assert result.json["status"] == "worked_out"


def test_the_list_of_operations_holds_what_one_may_do(api):
    names = {one["name"] for one in api("employee")("GET", "/operations").json["items"]}
    assert "lead.create" in names
    assert "user.create" not in names


def test_no_password_hash_is_ever_shown(api):
    person = {"name": "New", "email": "new@lanewise.example", "password": "a long enough secret"}
    made = api("administrator")("POST", "/operations/user.create", person)
    assert made.status_code == 200
    assert set(made.json) == {"id"}


def test_a_task_is_taken_and_completed(platform, api):
    platform.transact(
        SYSTEM, lambda uow: run(uow, "process.deploy", {"files": [as_file(one_task())]})
    )
    call = api("employee")
    assert call("POST", "/instances", {"process_key": "p"}).status_code == 200
    (task,) = call("GET", "/tasks?view=groups").json["items"]
    assert call("GET", f"/tasks/{task['id']}").json["form"]["schema"] is None
    assert call("POST", f"/tasks/{task['id']}/claim").status_code == 200
    done = call("POST", f"/tasks/{task['id']}/complete", {"data": {}})
    assert done.json["next_task_id"] is None
    again = call("POST", f"/tasks/{task['id']}/complete", {"data": {}})
    assert again.status_code == 409


def test_processes_are_deployed_and_looked_at(api):
    call = api("administrator")
    made = call("POST", "/deployments", {"files": [as_file(one_task())], "note": "first"})
    version = made.json["processes"][0]["id"]
    assert [one["key"] for one in call("GET", "/processes").json["items"]] == ["p"]
    assert call("GET", "/processes/p/versions").json["items"][0]["note"] == "first"
    assert b"<definitions" in call("GET", f"/processes/versions/{version}/diagram").data
    assert call("POST", f"/processes/versions/{version}/suspend").status_code == 200
    assert call("POST", "/instances", {"process_key": "p"}).status_code == 404
    assert call("GET", "/deployments").json["items"][0]["note"] == "first"
    assert call("GET", "/incidents").json["items"] == []


def test_an_instance_is_shown_and_cancelled(api):
    call = api("administrator")
    call("POST", "/deployments", {"files": [as_file(one_task())]})
    key = call("POST", "/instances", {"process_key": "p"}).json["instance_id"]
    assert call("GET", f"/instances/{key}").json["picture"]["tokens"][0]["element_id"] == "ask"
    assert call("POST", f"/instances/{key}/cancel", {"reason": "test"}).status_code == 200
    assert call("GET", "/instances?state=cancelled").json["total"] == 1


def test_a_refused_model_lists_what_is_wrong(api):
    files = [{"name": "broken.bpmn", "content": "<oops"}]
    response = api("administrator")("POST", "/deployments", {"files": files})
    assert response.status_code == 422
    assert response.json["errors"][0]["file"] == "broken.bpmn"


def test_the_description_names_every_operation_and_its_fields(app):
    document = app.test_client().get("/api/v1/openapi.json").json
    for operation in all_operations():
        described = document["paths"][f"/api/v1/operations/{operation.name}"]["post"]
        assert described["summary"] == operation.summary
        assert described["security"] == [{"token": []}]
    lead = document["components"]["schemas"]["Lead"]["properties"]
    assert {"id", "version", "name", "status"} <= set(lead)


def references(value):
    """Yield every reference inside a JSON value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and "$ref" in value:
        yield value["$ref"]
    for one in inner:
        yield from references(one)


def test_every_reference_of_the_description_leads_somewhere(app):
    document = app.test_client().get("/api/v1/openapi.json").json
    for reference in references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_the_description_is_a_page_too(app):
    page = app.test_client().get("/api/v1/docs").text
    assert "/api/v1/operations/lead.convert" in page
    assert "Needs the permission" in page


def test_messages_and_signals_are_sent_and_messages_looked_at(api, platform):
    call = api("administrator")
    sent = call("POST", "/messages", {"name": "ready", "keys": {"order": "A"}})
    assert sent.json["is_new"] is True
    assert call("POST", "/signals", {"name": "closing"}).status_code == 200
    drain(platform)
    (message,) = call("GET", "/messages?name=ready").json["items"]
    assert message["keys"] == {"order": "A"}
    assert call("POST", f"/messages/{message['id']}/delete").status_code == 200
    assert call("GET", "/messages").json["items"] == []
    assert call("POST", "/messages", {"name": "ready", "time_to_live": "x"}).status_code == 422
    assert api("analyst")("POST", "/messages", {"name": "ready"}).status_code == 403


def test_jobs_are_listed_tried_again_and_dropped(api):
    call = api("administrator")
    call("POST", "/messages", {"name": "ready"})
    (job,) = call("GET", "/jobs?state=waiting").json["items"]
    assert job["task"] == "events.deliver"
    assert call("POST", f"/jobs/{job['id']}/retry").status_code == 200
    assert call("POST", f"/jobs/{job['id']}/delete").status_code == 422
    assert call("POST", f"/jobs/{job['id']}/delete", {"reason": "Not wanted"}).status_code == 200
    assert call("POST", f"/jobs/{job['id']}/retry").status_code == 404
    assert api("employee")("GET", "/jobs").status_code == 403
