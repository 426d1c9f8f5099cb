"""Record types that administrators add."""

from __future__ import annotations

import threading

import pytest

from services.errors import Invalid, NotAllowed, NotFound, StaleVersion
from services.operations import get_operation, run
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.records.types import find_record_type, get_record, get_record_type


@pytest.fixture
def project(staff):
    """Let there be projects, which link to deals."""
    made = staff.do("custom_type.create", "olga", label="Project", plural="Projects")
    staff.do(
        "custom_field.create",
        "olga",
        record_type="x_project",
        label="Deal",
        kind="relation",
        relation="deal",
    )
    return made


def test_a_record_of_an_added_type_is_made_changed_found_and_told_of(staff, project):
    deal = staff.do("deal.create", "anna", name="D")
    made = staff.do("x_project.create", "anna", name="Rollout", c_deal_id=str(deal.id))
    staff.do("x_project.update", "anna", x_project_id=str(made.id), name="Roll-out")
    page = staff.ask(list_records, "x_project", filters={"c_deal.name": "D"}, actor="anna")
    assert [one.name for one in page.items] == ["Roll-out"]
    titles = [one.title for one in staff.ask(timeline_of, "x_project", made.id, actor="anna")]
    assert titles == ["Changed Name from Rollout to Roll-out", "Created project “Rollout”"]
    assert "x_project.created" in staff.events()


def test_a_record_of_an_added_type_is_hidden_from_who_may_not_see_it(staff, project):
    made = staff.do("x_project.create", "boris", name="Rollout")
    with pytest.raises(NotFound):
        staff.ask(get_record, "x_project", made.id, actor="anna")


def test_a_record_of_an_added_type_goes_to_the_bin_and_comes_back(staff, project):
    made = staff.do("x_project.create", name="Rollout")
    of = {"record_type": "x_project", "record_id": str(made.id)}
    staff.do("record.delete", **of)
    assert staff.ask(list_records, "x_project").total == 0
    staff.do("record.restore", **of)
    staff.do("note.add", text="Here again", **of)
    staff.do("record.assign", user="anna@lanewise.example", **of)
    assert staff.ask(list_records, "x_project", actor="anna").total == 1


def test_a_change_is_refused_when_somebody_was_quicker(staff, project):
    made = staff.do("x_project.create", name="Rollout")
    staff.do("x_project.update", x_project_id=str(made.id), name="A", version=1)
    with pytest.raises(StaleVersion):
        staff.do("x_project.update", x_project_id=str(made.id), name="B", version=1)


def test_records_of_two_added_types_stay_apart(staff, project):
    staff.do("custom_type.create", label="Site", plural="Sites")
    staff.do("x_project.create", name="P")
    made = staff.do("x_site.create", name="S")
    assert [one.name for one in staff.ask(list_records, "x_site").items] == ["S"]
    with pytest.raises(NotFound):
        staff.ask(get_record, "x_project", made.id)


def test_a_retired_type_is_nowhere_and_restored_with_its_records(staff, project):
    made = staff.do("x_project.create", name="P")
    staff.do("custom_type.retire", type_id=str(project["id"]))
    assert find_record_type("x_project") is None
    with pytest.raises(NotFound):
        get_operation("x_project.create")
    staff.do("custom_type.restore", type_id=str(project["id"]))
    assert staff.ask(get_record, "x_project", made.id).name == "P"


def test_a_link_is_not_shown_when_its_type_is_retired(staff, project):
    staff.do(
        "custom_field.create",
        record_type="deal",
        label="Project",
        kind="relation",
        relation="x_project",
    )
    staff.do("custom_type.retire", type_id=str(project["id"]))
    assert get_record_type("deal").added_fields == ()


def test_a_type_is_called_otherwise_when_it_is_changed(staff, project):
    staff.do("custom_type.update", type_id=str(project["id"]), plural="Undertakings")
    assert get_record_type("x_project").plural == "Undertakings"
    assert get_record_type("x_project").field("c_deal_id") is not None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"label": "Project", "plural": "P", "key": "project", "place": "p"}, "key"),
        ({"label": "Other", "plural": "P", "place": "projects"}, "place"),
        ({"label": "project", "plural": "P", "key": "other", "place": "p"}, "label"),
        ({"label": "Other", "plural": "P", "place": "../admin"}, "place"),
        ({"label": "Other", "plural": "P", "icon": "no-such-icon"}, "icon"),
        ({"label": "Other", "plural": "P", "key": "x; drop"}, "key"),
        ({"label": "x" * 81, "plural": "P"}, "label"),
        ({"label": " ", "plural": "P"}, "label"),
    ],
)
def test_a_type_is_refused_when_it_is_there_or_makes_no_sense(staff, project, raw, field):
    with pytest.raises(Invalid) as refused:
        staff.do("custom_type.create", **raw)
    assert set(refused.value.fields) == {field}


def test_one_type_is_made_when_two_define_the_same_at_once(staff):
    gate, results = threading.Barrier(2), []

    def attempt():
        gate.wait()
        try:
            results.append(staff.do("custom_type.create", label="Site", plural="Sites"))
        except Invalid as error:
            results.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(one).__name__ for one in results) == ["Invalid", "dict"]


def test_only_administrators_define_types(staff):
    with pytest.raises(NotAllowed):
        staff.do("custom_type.create", "anna", label="Site", plural="Sites")


def test_an_unknown_field_is_refused_by_the_operations_of_an_added_type(staff, project):
    def attempt(uow):
        return run(uow, "x_project.create", {"name": "P", "c_nothing": 1})

    with pytest.raises(Invalid) as refused:
        staff.ask(attempt)
    assert set(refused.value.fields) == {"c_nothing"}
