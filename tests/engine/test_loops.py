"""Standard loops and quantities of tokens (BPMN 2.0.2 §10.3.1, §10.3.8.1)."""

import pytest

from processes.engine import ModelErrors, changes
from tests.engine.models import Drawing, Play, again, extension, mapped, timer


def looping(loop, text="n = n + 1"):
    inner = f"{loop}<script>{text}</script>"
    return Drawing().start().node("scriptTask", "count", inner).end().path("start", "count", "end")


def test_activity_runs_again_while_the_condition_holds():
    play = Play(looping(again("=n < 3")), {"n": 0})
    assert play.trace == ["start", "count", "count", "count", "end"]
    assert play.variables == {"n": 3}


def test_activity_runs_once_when_the_condition_is_tested_after():
    assert Play(looping(again("=n < 0")), {"n": 0}).trace.count("count") == 1


def test_activity_never_runs_when_the_condition_is_tested_before_and_fails():
    play = Play(looping(again("=n < 0", before="true")), {"n": 0})
    assert (play.trace, play.variables) == (["start", "end"], {"n": 0})


def test_activity_runs_at_most_so_often_when_a_maximum_is_given():
    assert Play(looping(again(loopMaximum=4)), {"n": 0}).variables == {"n": 4}
    assert Play(looping(again("true", loopMaximum=2)), {"n": 0}).variables == {"n": 2}


def test_run_knows_its_number_when_it_asks_for_it():
    play = Play(looping(again("=loopCounter < 3"), "seen = seen + [loopCounter]"), {"seen": []})
    assert play.variables == {"seen": [1, 2, 3]}


def test_what_a_run_writes_stays_when_it_is_over():
    assert Play(looping(again(loopMaximum=1), "new = 1")).variables == {"new": 1}


def asking():
    drawing = Drawing().start().node("userTask", "ask", again("=not(ok)"))
    return drawing.end().path("start", "ask", "end")


def test_loop_goes_on_from_its_snapshot_when_it_waits():
    play = Play(asking()).complete("ask", ok=False).complete("ask", ok=False)
    assert (play.state, play.waiting) == ("running", ["ask"])
    assert play.complete("ask", ok=True).state == "completed"


def test_loop_stops_when_its_boundary_event_interrupts_or_the_instance_is_cancelled():
    drawing = asking().boundary("late", "ask", timer("PT1H")).end("gone").flow("late", "gone")
    play = Play(drawing).complete("ask", ok=False)
    assert play.fire("late").trace == ["start", "ask", "late", "gone"]
    play = Play(asking()).do("cancel")
    assert play.state == "terminated"
    assert [change.element_id for change in play.of(changes.ElementCancelled)] == ["ask"]


def test_loop_stands_at_an_incident_when_its_condition_fails():
    play = Play(looping(again("=missing")), {"n": 0})
    assert (play.failed, play.state) == (["count"], "failed")
    play.do("set_variables", {"missing": False}).do("retry", play.at("count"))
    assert (play.state, play.trace.count("count")) == ("completed", 1)


def test_sub_process_loops_when_it_has_a_condition():
    inner = Drawing().start("in").script("inc", "n = n + 1").path("in", "inc")
    drawing = Drawing().start().sub("sub", inner, again("=n < 2")).path("start", "sub")
    play = Play(drawing, {"n": 0})
    assert play.trace == ["start", "in", "inc", "sub", "in", "inc", "sub"]


def test_loop_without_an_end_is_refused_when_deployed():
    with pytest.raises(ModelErrors, match="does not say when it ends"):
        looping(again()).spec()
    with pytest.raises(ModelErrors, match="not a whole number"):
        looping(again(loopMaximum="few")).spec()


def quantities(**settings):
    return (
        Drawing()
        .start()
        .node("task", "make", completionQuantity=settings.get("made", 1))
        .node("task", "pack", startQuantity=settings.get("packed", 1))
        .end()
        .path("start", "make", "pack", "end")
    )


def test_so_many_tokens_leave_as_the_completion_quantity_says():
    play = Play(quantities(made=3))
    assert play.trace == ["start", "make", *["pack"] * 3, *["end"] * 3]
    assert len([one for one in play.of(changes.FlowTaken) if one.flow_id == "make-pack"]) == 3


def test_so_many_tokens_begin_an_activity_as_its_start_quantity_says():
    assert Play(quantities(made=4, packed=2)).trace.count("pack") == 2


def waiting_for_two():
    return (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .task("a")
        .task("b")
        .node("userTask", "both", startQuantity=2)
        .path("start", "fork", "a", "both")
        .path("fork", "b", "both")
    )


def test_token_waits_for_the_others_when_the_instance_is_saved():
    play = Play(waiting_for_two()).complete("a")
    assert play.waiting == ["b"]
    assert play.complete("b").waiting == ["both"]
    assert play.complete("both").state == "completed"


def test_waiting_token_goes_when_the_instance_is_cancelled():
    play = Play(waiting_for_two()).complete("a").do("cancel")
    assert (play.state, play.execution._instance.arrivals) == ("terminated", {})


def test_quantity_of_none_is_refused_when_deployed():
    with pytest.raises(ModelErrors, match="startQuantity is 0"):
        quantities(packed=0).spec()


def test_mappings_are_those_of_each_run_when_an_activity_loops():
    drawing = Drawing().start()
    drawing.node(
        "serviceTask",
        "do",
        extension(
            '<zeebe:taskDefinition type="do"/>' + mapped({"i": "=loopCounter"}, {"last": "=i"})
        )
        + again(loopMaximum=2),
    )
    assert Play(drawing.path("start", "do")).variables == {"last": 2}


def test_task_is_an_incident_when_its_completion_would_fill_the_memory():
    play = Play(quantities(made=10**12))
    assert play.failed == ["make"]
    assert "places at once" in play.of(changes.StepFailedAt)[0].message
