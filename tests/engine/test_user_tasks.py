from datetime import UTC, datetime

import pytest

from processes.engine import changes
from tests.engine.models import Drawing, FakeHost, Play, assigned, extension, mapped


def opened(inner, variables=None, host=None, lane=None):
    drawing = Drawing().start().node("userTask", "ask", inner, name="Ask").path("start", "ask")
    if lane:
        drawing.parts.insert(
            0,
            f'<laneSet id="ls"><lane id="l" name="{lane}"><flowNodeRef>ask</flowNodeRef></lane>'
            "</laneSet>",
        )
    play = Play(drawing, variables, host)
    assert not play.failed, play.of(changes.StepFailedAt)
    return play.of(changes.UserTaskOpened)[0]


def test_task_carries_everything_when_the_diagram_says_it():
    inner = extension(
        '<zeebe:formDefinition formId="qualify"/>'
        '<zeebe:assignmentDefinition assignee="=deal.owner" candidateGroups="sales, support" '
        'candidateUsers="=[&quot;ada&quot;, &quot;bo&quot;]"/>'
        '<zeebe:taskSchedule dueDate="=now() + duration(&quot;P2D&quot;)" followUpDate="P1D"/>'
        '<zeebe:priorityDefinition priority="=40 + 5"/>' + mapped({"limit": "=n * 1.5"})
    )
    task = opened(inner, {"n": 3}, FakeHost(records={"deal": {"owner": "eve"}}))
    assert task == changes.UserTaskOpened(
        token_id="3",
        process_id="p",
        element_id="ask",
        name="Ask",
        form_id="qualify",
        assignee="eve",
        candidate_groups=("sales", "support"),
        candidate_users=("ada", "bo"),
        due_at=datetime(2026, 3, 4, 9, tzinfo=UTC),
        follow_up_at=datetime(2026, 3, 3, 9, tzinfo=UTC),
        priority=45,
        variables={"limit": 4.5},
    )


def test_task_names_nobody_when_the_diagram_does_not():
    task = opened("")
    assert (task.form_id, task.assignee, task.due_at, task.priority) == (None, None, None, None)
    assert (task.candidate_groups, task.candidate_users) == ((), ())


def test_lane_is_the_group_when_a_task_names_nobody():
    assert opened("", lane="Sales").candidate_groups == ("Sales",)
    assert opened(assigned(assignee="ada"), lane="Sales").candidate_groups == ()


def test_assignee_is_open_when_its_expression_is_null():
    assert opened(assigned(assignee="=owner")).assignee is None


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ('<zeebe:taskSchedule dueDate="tomorrow"/>', "The due date can't be set"),
        ('<zeebe:priorityDefinition priority="high"/>', "The priority is high"),
        ('<zeebe:assignmentDefinition assignee="=[1]"/>', "The assignee is a list"),
    ],
)
def test_task_is_an_incident_when_it_can_not_be_opened(element, message):
    drawing = Drawing().start().node("userTask", "ask", extension(element)).path("start", "ask")
    play = Play(drawing)
    assert message in play.of(changes.StepFailedAt)[0].message
    assert play.waiting == []


def test_entry_is_kept_when_the_output_mapping_of_a_task_fails():
    inner = extension(mapped({}, {"price": "=entered", "odd": "=function(a) a"}))
    drawing = Drawing().start().node("userTask", "ask", inner).end().path("start", "ask", "end")
    play = Play(drawing).complete("ask", entered=5)
    assert (play.failed, play.last[0].reason) == (["ask"], "completed")
    spec = Drawing().start().node("userTask", "ask", extension(mapped({}, {"price": "=entered"})))
    play.spec = spec.end().path("start", "ask", "end").spec()
    play.do("retry", play.at("ask"))
    assert (play.state, play.variables) == ("completed", {"price": 5})


def test_manual_and_abstract_tasks_are_passed_when_reached():
    drawing = Drawing().start().node("manualTask", "lift").node("task", "any").end()
    assert Play(drawing.path("start", "lift", "any", "end")).state == "completed"
