"""Timers, due dates and expressions that count working time."""

from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

import pytest

from feel import SpecialDay, UnknownCalendarError, WorkingCalendar
from processes.engine import EngineError, ModelErrors, changes, start_timer
from processes.engine.decisions import parse_decisions
from processes.engine.timers import Due, next_due
from tests.engine.models import Drawing, FakeHost, Play, extension, timer
from tests.laboratory import run_request

OFFICE = ((600, 1080),)
WEEK = (*[OFFICE] * 5, (), ())
OSLO = WorkingCalendar("Oslo", "Europe/Oslo", WEEK, (SpecialDay(2026, 3, 3, "Closed"),))
ALWAYS = WorkingCalendar("Always", "UTC", (((0, 1440),),) * 7)
SUNDAY = datetime(2026, 3, 1, 18, tzinfo=UTC)  # 19:00 in Oslo


class Book:
    def find(self, name):
        if name not in {None, "Oslo", "Always"}:
            raise UnknownCalendarError(f"There is no calendar called {name}.")
        return ALWAYS if name == "Always" else OSLO


def host(**changes):
    return FakeHost(time=SUNDAY, book=Book(), **changes)


def counted(name):
    return extension(
        f'<zeebe:properties><zeebe:property name="calendar" value={quoteattr(name)}/>'
        "</zeebe:properties>"
    )


def waiting(text, kind="timeDuration", calendar="default", variables=None):
    drawing = (
        Drawing()
        .start()
        .node("intermediateCatchEvent", "wait", counted(calendar) + timer(text, kind))
    )
    return Play(drawing.end().path("start", "wait", "end"), variables, host())


def due(play):
    return [(one.due_at, one.repeat) for one in play.of(changes.TimerSet)]


@pytest.mark.parametrize(
    ("text", "kind", "calendar", "at"),
    [
        ("PT1H", "timeDuration", "default", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("PT1H", "timeDuration", "Oslo", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("PT9H", "timeDuration", "=office", datetime(2026, 3, 4, 10, tzinfo=UTC)),
        ("PT9H", "timeDuration", "=null", datetime(2026, 3, 2, 3, tzinfo=UTC)),
        ("PT9H", "timeDuration", "Always", datetime(2026, 3, 2, 3, tzinfo=UTC)),
        ('=duration("PT1H")', "timeDuration", "default", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("2026-03-01T20:00:00Z", "timeDate", "default", datetime(2026, 3, 1, 20, tzinfo=UTC)),
        ("R2/PT8H", "timeCycle", "default", datetime(2026, 3, 2, 17, tzinfo=UTC)),
    ],
)
def test_a_timer_counts_working_time_when_it_names_a_calendar(text, kind, calendar, at):
    assert due(waiting(text, kind, calendar, {"office": "Oslo"}))[0][0] == at


def test_a_cycle_goes_on_by_its_calendar_when_it_fires():
    drawing = Drawing().start().task("ask").end("over")
    drawing.boundary(
        "often", "ask", counted("default") + timer("R3/PT8H", "timeCycle"), cancelActivity="false"
    )
    drawing.end().path("start", "ask", "end").path("often", "over")
    play = Play(drawing, None, host())
    for _ in range(3):
        play.do("fire_timer", play.at("often"))
    assert due(play) == [
        (datetime(2026, 3, 2, 17, tzinfo=UTC), "R2/PT8H@default"),
        (datetime(2026, 3, 4, 17, tzinfo=UTC), "R1/PT8H@default"),
        (datetime(2026, 3, 5, 17, tzinfo=UTC), None),
    ]


def test_a_start_timer_tells_its_calendar_when_it_repeats():
    inner = counted("Oslo") + timer("R/PT8H", "timeCycle")
    drawing = Drawing().start("daily", inner).end().path("daily", "end")
    first = start_timer(drawing.spec(), "daily", host())
    assert first == Due(datetime(2026, 3, 2, 17, tzinfo=UTC), "R/PT8H@Oslo")
    again = next_due(first, UTC, Book())
    assert again == Due(datetime(2026, 3, 4, 17, tzinfo=UTC), "R/PT8H@Oslo")


def test_a_cycle_stops_with_a_reason_when_its_calendar_is_gone():
    with pytest.raises(EngineError, match="no calendar called Gone"):
        next_due(Due(SUNDAY, "R/PT8H@Gone"), UTC, Book())
    with pytest.raises(EngineError, match="no working calendar called Oslo"):
        next_due(Due(SUNDAY, "R/PT8H@Oslo"), UTC)
    with pytest.raises(EngineError, match="100 years"):
        next_due(Due(SUNDAY, "R/PT999999999H@Oslo"), UTC, Book())


@pytest.mark.parametrize(
    ("text", "calendar", "reason"),
    [
        ("PT1H", "Mars", "no calendar called Mars"),
        ("PT1H", "=[1]", "The working calendar is a list"),
        ('=duration("P1M")', "default", "Months and years"),
        ("PT999999999H", "default", "100 years"),
    ],
)
def test_a_timer_is_an_incident_when_its_working_time_can_not_be_counted(text, calendar, reason):
    (failed,) = waiting(text, calendar=calendar).of(changes.StepFailedAt)
    assert reason in failed.message


@pytest.mark.parametrize(("text", "kind"), [("P1M", "timeDuration"), ("R/P1Y", "timeCycle")])
def test_months_of_working_time_are_refused_when_a_model_is_read(text, kind):
    with pytest.raises(ModelErrors, match="Months and years"):
        waiting(text, kind)


def test_a_calendar_is_refused_when_its_expression_is_none():
    with pytest.raises(ModelErrors, match="The working calendar can't be read"):
        waiting("PT1H", calendar="=1 +")


def test_due_and_follow_up_dates_count_working_time_when_the_task_names_a_calendar():
    inner = extension(
        '<zeebe:taskSchedule dueDate="PT9H" followUpDate="2026-03-01T20:00:00Z"/>'
        '<zeebe:properties><zeebe:property name="calendar" value="default"/></zeebe:properties>'
    )
    drawing = Drawing().start().node("userTask", "ask", inner).path("start", "ask")
    (task,) = Play(drawing, None, host()).of(changes.UserTaskOpened)
    assert task.due_at == datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert task.follow_up_at == datetime(2026, 3, 1, 20, tzinfo=UTC)


def script(text):
    drawing = Drawing().start().script("count", text).end().path("start", "count", "end")
    drawing.parts[1] = drawing.parts[1].replace("<scriptTask", '<scriptTask scriptFormat="feel"')
    return Play(drawing, None, host())


def test_expressions_count_working_time():
    play = script('= { due: add working time(now(), duration("PT1H")) }')
    assert play.variables["due"]["@value"] == "2026-03-02T10:00:00Z"


def test_an_expression_is_an_incident_when_it_names_an_unknown_calendar():
    (failed,) = script('= { ok: is working time(now(), "Mars") }').of(changes.StepFailedAt)
    assert "no calendar called Mars" in failed.message


DECISION = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
  namespace="n"><decision id="open" name="open"><variable name="open"/>
  <literalExpression><text>is working time(@"2026-03-02T10:00:00Z", {name})</text>
  </literalExpression></decision></definitions>"""


class Lenient:
    def find(self, name):
        return OSLO if name is None else None


def test_a_decision_counts_working_time():
    model = parse_decisions(DECISION.format(name="null").encode())
    assert model.evaluate("open", {}, SUNDAY, Lenient()) is True


def test_a_decision_is_null_with_a_warning_when_the_calendar_is_unknown():
    model = parse_decisions(DECISION.format(name='"Mars"').encode())
    value, warnings = model.explain("open", {}, SUNDAY, Lenient())
    assert value is None
    assert "no calendar 'Mars'" in warnings[0]


def test_a_model_is_tried_with_office_hours_when_there_is_no_installation():
    drawing = (
        Drawing().start().node("intermediateCatchEvent", "wait", counted("default") + timer("PT1H"))
    )
    request = {"model": drawing.end().path("start", "wait", "end").xml().decode()}
    answer = run_request(request, SUNDAY)
    assert answer["waiting"][0]["due"] == "2026-03-02T10:00:00+00:00"
    answer = run_request({**request, "steps": [{"advance": "PT16H"}]}, SUNDAY)
    assert answer["status"] == "completed"
