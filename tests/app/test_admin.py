"""What administrators do."""

from __future__ import annotations

import html
import io
import re
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from processes.running.instance_tables import ProcessInstance, WorkItem
from services.actors import SYSTEM
from services.mail.model import Mail, MailState
from services.operations import run
from services.people.model import Group, User
from tests.app.conftest import PASSWORD
from tests.engine.models import Drawing, mapped
from tests.processes.world import as_file, one_task


def upload(browser, *files, note="first"):
    data = {
        "csrf_token": browser.csrf,
        "note": note,
        "files": [(io.BytesIO(content), name) for name, content in files],
    }
    return browser.client.post("/admin/deployments", data=data)


def bpmn(**options):
    file = as_file(one_task(**options))
    return file["name"], file["content"].encode()


@pytest.fixture
def start(platform):
    """Deploy a process with one task and start it; returns the instance's key."""

    def start_(**options):
        def work(uow):
            run(uow, "process.deploy", {"files": [as_file(one_task(**options))]})
            return run(uow, "instance.start", {"process_key": "p"})["instance_id"]

        return platform.transact(SYSTEM, work)

    return start_


def test_uploaded_files_are_deployed_as_one_unit(browse):
    browser = browse("administrator")
    assert upload(browser, bpmn()).status_code == 302
    page = browser.get("/admin/deployments").text
    assert "Deployed: Process p 1." in page
    assert "first" in page


def test_the_same_files_again_make_no_version(browse):
    browser = browse("administrator")
    upload(browser, bpmn())
    upload(browser, bpmn())
    assert "Nothing changed" in browser.get("/admin/deployments").text


def test_a_refused_upload_shows_file_element_line_and_advice(browse):
    browser = browse("administrator")
    name, content = bpmn()
    response = upload(browser, (name, content.replace(b"userTask", b"serviceTask")), note="why")
    assert response.status_code == 422
    assert "<code>ask</code>" in response.text
    assert 'value="why"' in response.text
    assert "Nothing is deployed yet" in response.text


def test_a_file_that_is_not_text_is_refused(browse):
    response = upload(browse("administrator"), ("p.bpmn", b"\x89PNG\xff"))
    assert response.status_code == 422
    assert "The file is not text." in response.text


def test_an_upload_without_files_is_refused(browse):
    response = upload(browse("administrator"))
    assert response.status_code == 422
    assert "Choose at least one file." in response.text or "check the marked" in response.text


def test_an_instance_is_shown_with_its_diagram_and_history(browse, start):
    key = start()
    page = browse("administrator").get(f"/admin/instances/{key}").text
    assert 'data-island="viewer"' in page
    assert "Started" in page
    assert 'data-show-element="start"' in page


def test_instances_are_narrowed_by_state_and_process(browse, start):
    start()
    browser = browse("administrator")
    assert "Process p 1" in browser.get("/admin/instances?state=running&process=p").text
    assert "Nothing matches" in browser.get("/admin/instances?state=completed").text


def test_an_instance_is_cancelled_once(platform, browse, start):
    key = start()
    browser = browse("administrator")
    browser.get(f"/admin/instances/{key}")
    browser.post(f"/admin/instances/{key}/cancel", reason="wrong customer")
    with platform.session() as session:
        assert session.get_one(ProcessInstance, key).state == "cancelled"
    browser.post(f"/admin/instances/{key}/cancel", reason="again")
    page = browser.get(f"/admin/instances/{key}").text
    assert 'data-toast="bad"' in page


@pytest.fixture
def incident(platform):
    """An instance that stands still, because the lead of its step is not there."""
    nobody = "01890000-0000-7000-8000-000000000000"
    inputs = mapped({"lead_id": f'="{nobody}"', "reason": '="none"'})
    drawing = Drawing("p", name="Process p").start().service("bad", "lead.work_out", inputs).end()
    files = [as_file(drawing.path("start", "bad", "end"))]

    def work(uow):
        run(uow, "process.deploy", {"files": files})
        run(uow, "instance.start", {"process_key": "p"})

    platform.transact(SYSTEM, work)


@pytest.mark.usefixtures("incident")
def test_an_incident_is_shown_with_its_cause_and_retried(browse):
    browser = browse("administrator")
    page = browser.get("/admin/incidents").text
    assert "There is no such lead." in page
    browser.post(re.search(r'action="(/admin/incidents/[^"]+/retry)"', page)[1])
    after = browser.get("/admin/incidents").text
    assert "It was tried again; the incident stays open until it goes through." in after
    assert "There is no such lead." in after
    assert "There is no such lead." not in browser.get("/admin/incidents?state=resolved").text


@pytest.fixture
def stuck_mail(platform, lead_of, as_person):
    """A mail of which nobody knows whether it arrived."""
    key = lead_of("employee", email="kari@fjord.example")
    arguments = {"record_type": "lead", "record_id": key, "subject": "Hello", "body": "Dear Kari"}
    as_person("employee", "mail.send", {**arguments, "to": "kari@fjord.example"})

    def work(uow):
        mail = uow.session.scalars(select(Mail)).one()
        mail.state = MailState.UNKNOWN.value
        return mail.id

    return platform.transact(SYSTEM, work)


def test_a_mail_that_may_have_arrived_is_settled_by_hand(platform, browse, stuck_mail):
    browser = browse("administrator")
    assert "May have arrived" in browser.get("/admin/incidents").text
    browser.post(f"/admin/mails/{stuck_mail}/mark_sent")
    assert "May have arrived" not in browser.get("/admin/incidents").text
    with platform.session() as session:
        assert session.get_one(Mail, stuck_mail).state == "sent"
    assert browser.post(f"/admin/mails/{stuck_mail}/delete").status_code == 404


def test_a_person_is_made_and_signs_in(browse, visitor):
    browser = browse("administrator")
    browser.get("/admin/people/new")
    person = {"name": "Nina Ruud", "email": "nina@lanewise.example", "scope": "own"}
    made = browser.post(
        "/admin/people/new", **person, roles=["employee"], groups=["Sales"], password=PASSWORD
    )
    assert made.headers["Location"] == "/admin/people"
    assert "Nina Ruud" in browser.get("/admin/people").text
    assert visitor.sign_in("nina@lanewise.example").status_code == 302


def test_a_person_s_form_comes_back_when_something_is_wrong(browse):
    browser = browse("administrator")
    response = browser.post(
        "/admin/people/new", name="Nina", email="no address", roles=["analyst"], password="short"
    )
    assert response.status_code == 422
    assert 'value="analyst" checked' in response.text


def test_an_address_that_is_taken_is_refused_in_the_form(browse):
    browser = browse("administrator")
    person = {"name": "Second", "email": "anna@lanewise.example", "password": PASSWORD}
    response = browser.post("/admin/people/new", **person, roles=["employee"])
    assert response.status_code == 409
    assert "There is a user with the address" in response.text


def test_a_change_of_name_does_not_sign_the_person_out(browse, people):
    browser, person = browse("administrator"), browse("employee")
    browser.post(
        f"/admin/people/{people['employee']}",
        name="Anna Berg-Lie",
        email="anna@lanewise.example",
        roles=["employee"],
        groups=["Sales"],
        scope="team",
    )
    page = person.get("/profile")
    assert page.status_code == 200
    assert "Anna Berg-Lie" in page.text


def test_a_new_role_holds_from_the_next_sign_in(browse, people):
    browser, person = browse("administrator"), browse("employee")
    browser.post(
        f"/admin/people/{people['employee']}",
        name="Anna Berg",
        email="anna@lanewise.example",
        roles=["analyst"],
        groups=["Sales"],
        scope="team",
    )
    assert person.get("/profile").status_code == 302
    person.sign_in("anna@lanewise.example")
    assert person.get("/processes").status_code == 200
    assert person.get("/leads/new").status_code == 403


def test_a_person_is_switched_off_and_on(browse, people, visitor):
    browser = browse("administrator")
    browser.post(f"/admin/people/{people['employee']}/deactivate")
    assert visitor.sign_in("anna@lanewise.example").status_code == 401
    browser.post(f"/admin/people/{people['employee']}/activate")
    assert visitor.sign_in("anna@lanewise.example").status_code == 302


def test_who_is_switched_off_leaves_tasks_to_a_colleague(platform, browse, people, start, lead_of):
    start()
    browser, key = browse("administrator"), people["employee"]
    lead_of("employee", owner_id=key)
    with platform.session() as session:
        session.execute(update(WorkItem).values(assignee_id=key))
        session.commit()
    page = browser.get(f"/admin/people/{key}/leaving").text
    assert "has 1 open task." in page
    assert "Leads</a>" in page
    [offered] = re.findall(r'"(/pick/user[^"]*)"', page)
    offers = browser.get(html.unescape(offered)).text
    assert people["colleague"] in offers
    assert key not in offers
    browser.post(f"/admin/people/{key}/leaving", to_id=people["colleague"])
    with platform.session() as session:
        assert str(session.scalar(select(WorkItem.assignee_id))) == people["colleague"]
        assert not session.get_one(User, UUID(key)).active


def test_the_last_administrator_stays(platform, browse, people):
    browser = browse("administrator")
    browser.post(f"/admin/people/{people['administrator']}/deactivate")
    assert "There must be an active administrator." in browser.get("/admin/people").text
    assert browser.post(f"/admin/people/{people['employee']}/delete").status_code == 404


def test_a_group_is_made_and_filled(platform, browse, people):
    browser = browse("administrator")
    made = browser.post("/admin/groups", name="Measurers")
    members = [people["employee"], people["desk"]]
    browser.post(made.headers["Location"], name="Measurers", members=members)
    with platform.session() as session:
        users = session.scalars(select(User).join(User.groups).where(Group.name == "Measurers"))
        assert {user.name for user in users} == {"Anna Berg", "Sven Aydin"}


def test_who_is_switched_off_stays_in_the_group(platform, browse, people):
    browser = browse("administrator")
    browser.post(f"/admin/people/{people['employee']}/deactivate")
    with platform.session() as session:
        key = session.scalars(select(Group.id).where(Group.name == "Sales")).one()
    browser.post(f"/admin/groups/{key}", name="Sales", members=[people["colleague"]])
    with platform.session() as session:
        users = session.scalars(select(User).join(User.groups).where(Group.id == key))
        assert {user.name for user in users} == {"Anna Berg", "Boris Demir"}


def test_a_group_is_a_conflict_when_its_form_says_not_what_it_showed(platform, browse, people):
    browser = browse("administrator")
    with platform.session() as session:
        key = session.scalars(select(Group.id).where(Group.name == "Sales")).one()
    shown = {"name": "Sales", "version": "1"}
    both = [people["employee"], people["colleague"]]
    browser.post(f"/admin/groups/{key}", **shown, members=[*both, people["desk"]])
    refused = browser.post(f"/admin/groups/{key}", **shown, members=both)
    assert refused.status_code == 409


def test_a_group_that_is_there_already_is_refused(browse):
    browser = browse("administrator")
    browser.post("/admin/groups", name="Sales")
    assert "There is a group called Sales already." in browser.get("/admin/people").text


@pytest.fixture
def given_up(platform):
    """Leave a job that was given up; returns its number."""
    with platform.engine.begin() as connection:
        return connection.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts, args) "
                "VALUES ('default', 'mail.deliver', 'failed', 5, '{\"mail_id\": \"7\"}') "
                "RETURNING id"
            )
        ).scalar_one()


def test_a_job_is_shown_and_tried_again(browse, given_up):
    browser = browse("administrator")
    page = browser.get("/admin/jobs").text
    assert "mail.deliver" in page
    assert "Given up" in page
    browser.post(f"/admin/jobs/{given_up}/retry")
    assert (
        "The job mail.deliver is tried again now." in browser.get("/admin/jobs?state=waiting").text
    )


def test_a_job_is_dropped_when_a_reason_is_given(browse, given_up):
    browser = browse("administrator")
    browser.post(f"/admin/jobs/{given_up}/delete", reason="")
    assert "Length must be between 1 and 2000." in browser.get("/admin/jobs").text
    browser.post(f"/admin/jobs/{given_up}/delete", reason="Not wanted")
    page = browser.get("/admin/jobs").text
    assert "The job mail.deliver was deleted." in page
    assert "No jobs" in page


def test_the_bin_says_what_lies_in_it_and_takes_for_how_long(browse, lead_of):
    key = lead_of("administrator", name="Long Gone")
    olga = browse("administrator")
    olga.get(f"/leads/{key}")
    file = (io.BytesIO(b"content"), "plan.txt")
    olga.post(f"/leads/{key}/files", files=file).close()
    name = re.search(rf"/leads/{key}/files/[0-9a-f-]+/delete", olga.get(f"/leads/{key}").text)[0]
    olga.post(name)
    page = olga.get("/admin/bin").text
    assert "plan.txt" in page
    assert "Long Gone" in page
    olga.post(name.replace("/delete", "/restore"))
    assert "plan.txt" not in olga.get("/admin/bin").text
    olga.post(f"/leads/{key}/delete")
    assert 'href="/leads/bin"' in olga.get("/admin/bin").text
    wrong = olga.post("/admin/bin", record_days="0", file_days="7")
    assert wrong.status_code == 422
    assert 'value="0"' in wrong.text
    assert olga.post("/admin/bin", record_days="", file_days="7").status_code == 302
    assert ">never<" in olga.get("/leads/bin").text
