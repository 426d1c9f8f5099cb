"""Tokens that stop until a job takes them on, and failures that are tried again by themselves."""

from datetime import timedelta

import pytest

from processes.engine import PENDING, BpmnError, StepFailed, UnknownToken, changes
from tests.engine.models import Drawing, FakeHost, Play, extension, looped, on, service, timer


def stated(name, value):
    """Return a property of an element."""
    return f'<zeebe:properties><zeebe:property name="{name}" value="{value}"/></zeebe:properties>'


BEFORE = extension(stated("asyncBefore", "true"))
AFTER = extension(stated("asyncAfter", "true"))


def line(inner, kind="task"):
    return Drawing().start().node(kind, "a", inner).task("b").path("start", "a", "b")


def kinds(play):
    return [type(change).__name__ for change in play.last]


def test_token_stops_before_its_element_until_the_job():
    play = Play(line(BEFORE))
    token = play.at("a")
    assert play.last[-1] == changes.JobWanted(token, "p", "a", "before")
    assert (play.waiting, play.tokens[0].waits_for) == (["a"], "job")
    assert "a" not in [change.element_id for change in play.of(changes.ElementEntered)]
    play.do("run_job", token)
    assert (play.waiting, play.trace) == (["b"], ["start", "a"])


def test_token_stops_behind_its_element_until_the_job():
    play = Play(line(AFTER, "userTask")).complete("a", n=1)
    assert play.last[-1] == changes.JobWanted(play.at("a"), "p", "a", "after")
    assert (play.trace, play.variables) == (["start"], {"n": 1})
    play.do("run_job", play.at("a"))
    assert (play.waiting, play.trace) == (["b"], ["start", "a"])


def test_event_at_the_border_is_over_when_the_token_stands_behind_the_activity():
    drawing = line(AFTER, "userTask").boundary("late", "a", timer("PT1H")).path("late", "b")
    play = Play(drawing).complete("a")
    assert (kinds(play)[-2:], play.waiting) == (["TimerCancelled", "JobWanted"], ["a"])


def test_each_run_shares_one_stop_when_the_activity_is_repeated():
    play = Play(line(BEFORE + looped(), "userTask"), {"items": [1, 2]})
    assert len(play.of(changes.JobWanted)) == 1
    play.do("run_job", play.at("a"))
    assert play.waiting == ["a", "a"]


def test_job_is_cancelled_with_its_token():
    play = Play(line(BEFORE))
    token = play.at("a")
    play.do("cancel")
    assert play.last == [changes.JobCancelled(token), changes.InstanceEnded("terminated")]


def test_job_runs_once():
    play = Play(line(BEFORE))
    token = play.at("a")
    play.do("run_job", token)
    with pytest.raises(UnknownToken):
        play.do("run_job", token)


def test_event_that_happened_goes_on_by_the_job():
    drawing = (
        Drawing()
        .declare('<signal id="s" name="go"/>')
        .start()
        .task("a")
        .node("boundaryEvent", "e", BEFORE + on("signal", "s"), attachedToRef="a")
        .task("b")
        .path("start", "a")
        .path("e", "b")
    )
    play = Play(drawing).receive("e", n=1)
    assert (play.waiting, play.of(changes.UserTaskClosed)[0].reason) == (["e"], "cancelled")
    play.do("run_job", play.at("e"))
    assert (play.waiting, play.variables) == (["b"], {"n": 1})


def test_join_stops_once_when_all_have_come():
    drawing = Drawing().start().node("parallelGateway", "fork").task("a").task("b")
    drawing.node("parallelGateway", "join", BEFORE).task("c")
    drawing.path("start", "fork", "a", "join", "c").path("fork", "b", "join")
    play = Play(drawing).complete("a")
    assert not play.of(changes.JobWanted)
    play.complete("b")
    assert play.waiting == ["join"]
    assert play.do("run_job", play.at("join")).waiting == ["c"]


def test_token_that_waits_for_its_job_is_not_joined_with_one_that_comes_later():
    drawing = Drawing().start().node("parallelGateway", "fork").task("a").task("b")
    drawing.node("parallelGateway", "join", BEFORE).task("c")
    drawing.path("start", "fork", "a", "join", "c").path("fork", "b", "join")
    play = Play(drawing).complete("a").complete("b")
    play.do("add_token", "b").complete("b")
    assert len(play.of(changes.JobWanted)) == 1
    play.do("run_job", play.at("join"))
    assert (play.waiting, play.trace.count("join")) == (["c"], 1)


def test_activity_that_needs_several_tokens_stops_once():
    drawing = Drawing().start().node("parallelGateway", "fork").path("start", "fork", "a", "many")
    drawing.task("a").task("b").path("fork", "b", "many")
    drawing.node("userTask", "many", BEFORE, startQuantity=2)
    play = Play(drawing).complete("a").complete("b").do("add_token", "a").complete("a")
    assert (play.waiting, len(play.of(changes.JobWanted))) == (["many"], 1)
    assert play.do("run_job", play.at("many")).tokens[0].waits_for == "task"


# Retries -----------------------------------------------------------------------------------------


def fragile(plan="R3/PT10M"):
    """Return a play whose service fails twice."""
    failures = iter([StepFailed("It broke."), StepFailed("It broke."), None])

    def answer(call):
        problem = next(failures)
        if problem is not None:
            raise problem

    return Play(
        line(service("do", stated("retryCycle", plan)), "serviceTask"),
        host=FakeHost(answers={"do": answer}),
    )


def failure(play):
    [found] = [change for change in play.last if isinstance(change, changes.StepFailedAt)]
    return found


def test_failed_step_is_to_be_retried_as_its_plan_says():
    play = fragile()
    token = play.at("a")
    assert (failure(play).retry_in, failure(play).attempts) == (timedelta(minutes=10), 1)
    assert (play.state, play.failed) == ("running", ["a"])
    assert play.tokens[0].due_at == play.host.time + timedelta(minutes=10)
    play.do("retry", token)
    assert (failure(play).retry_in, failure(play).attempts) == (timedelta(minutes=10), 2)
    assert play.last[0] == changes.IncidentResolved(token)
    assert play.do("retry", token).waiting == ["b"]


def test_failure_is_an_incident_when_no_attempt_is_left():
    play = fragile("R2/PT10M")
    play.do("retry", play.at("a"))
    assert (failure(play).retry_in, failure(play).attempts) == (None, 2)
    assert (play.state, play.tokens[0].due_at) == ("failed", None)
    assert play.do("retry", play.at("a")).waiting == ["b"]


def test_failure_is_an_incident_at_once_when_there_is_no_plan():
    def broken(call):
        raise StepFailed("It broke.")

    play = Play(line(service(), "serviceTask"), host=FakeHost(answers={"do": broken}))
    assert (failure(play).retry_in, play.state) == (None, "failed")


def test_error_that_nothing_catches_is_tried_again_by_the_plan():
    def broken(call):
        raise BpmnError("conflict", "It was changed meanwhile.")

    drawing = line(service("do", stated("retryCycle", "R2/PT1M")), "serviceTask")
    play = Play(drawing, host=FakeHost(answers={"do": broken}))
    assert (failure(play).retry_in, failure(play).code) == (timedelta(minutes=1), "conflict")
    play.do("retry", play.at("a"))
    assert failure(play).retry_in is None


def test_error_that_an_end_event_throws_is_an_incident():
    drawing = Drawing().declare('<error id="e" errorCode="E"/>').start()
    drawing.end("end", extension(stated("retryCycle", "R2/PT1M")) + on("error", "e")).path(
        "start", "end"
    )
    assert failure(Play(drawing)).retry_in is None


def test_call_that_fails_later_is_made_again_by_the_plan():
    drawing = line(service("do", stated("retryCycle", "R2/PT1M")), "serviceTask")
    play = Play(drawing, host=FakeHost(answers={"do": PENDING}))
    play.do("fail_call", play.at("a"), None, "No connection.")
    assert failure(play).retry_in == timedelta(minutes=1)
    play.do("retry", play.at("a")).do("fail_call", play.at("a"), None, "No connection.")
    assert (failure(play).retry_in, len(play.host.calls)) == (None, 2)


def test_planned_retry_is_off_when_the_token_is_cancelled():
    play = fragile()
    token = play.at("a")
    play.do("cancel")
    assert changes.IncidentResolved(token) in play.last


def test_endless_loop_is_not_tried_again_by_itself(monkeypatch):
    monkeypatch.setattr("processes.engine.instance.MAX_STEPS", 20)
    drawing = Drawing().start().node("exclusiveGateway", "m").path("start", "m", "a", "m")
    play = Play(drawing.node("task", "a", extension(stated("retryCycle", "R5/PT1M"))))
    assert failure(play).retry_in is None
