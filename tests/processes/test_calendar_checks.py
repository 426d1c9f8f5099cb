"""What is said of working calendars while a diagram is drawn."""

from xml.sax.saxutils import quoteattr

import pytest

from processes.deploying.checks import check_model
from services.calendars.stock import seed_calendars
from tests.engine.models import Drawing, extension, timer


def named(calendar, inner=""):
    return extension(
        f'{inner}<zeebe:properties><zeebe:property name="calendar" value={quoteattr(calendar)}/>'
        "</zeebe:properties>"
    )


def waits(calendar, text="PT8H", kind="timeDuration"):
    inner = named(calendar) + timer(text, kind)
    drawing = Drawing("p").start().node("intermediateCatchEvent", "wait", inner).end()
    return drawing.path("start", "wait", "end")


def warnings(world, drawing):
    world.ask(seed_calendars)
    found = world.ask(check_model, drawing.xml().decode(), actor="ada")
    assert found["errors"] == []
    return [(one["element"], one["message"]) for one in found["warnings"]]


@pytest.mark.parametrize("calendar", ["default", "Office hours", '=if 1 = 1 then "x" else "y"'])
def test_nothing_is_said_when_the_calendar_is_there(world, calendar):
    assert warnings(world, waits(calendar)) == []


def test_a_calendar_is_named_when_there_is_none(world):
    assert warnings(world, waits("Mars")) == [("wait", "There is no working calendar called Mars.")]


@pytest.mark.parametrize(("text", "kind"), [("P2D", "timeDuration"), ("R/P1W", "timeCycle")])
def test_days_are_pointed_out_when_they_count_hours(world, text, kind):
    ((element, message),) = warnings(world, waits("default", text, kind))
    assert (element, "24 hours of working time" in message) == ("wait", True)


def test_a_calendar_without_effect_is_pointed_out(world):
    drawing = Drawing("p").start().node("manualTask", "do", named("default")).end()
    ((element, message),) = warnings(world, drawing.path("start", "do", "end"))
    assert (element, message) == ("do", "The working calendar has no effect here.")


def test_a_due_date_that_is_a_duration_counts(world):
    schedule = (
        '<zeebe:assignmentDefinition candidateGroups="Sales"/><zeebe:taskSchedule dueDate="PT8H"/>'
    )
    drawing = Drawing("p").start().node("userTask", "ask", named("default", schedule)).end()
    assert warnings(world, drawing.path("start", "ask", "end")) == []
