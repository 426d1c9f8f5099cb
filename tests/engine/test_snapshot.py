import json
import threading
from pathlib import Path

import orjson
import pytest

from processes.engine import (
    PENDING,
    SnapshotMismatch,
    StepFailed,
    changes,
    compile_process,
    load,
    parse_model,
)
from tests.engine.models import Drawing, FakeHost, Play, looped, mapped, on, service, timer

GOLDEN = Path(__file__).with_name("golden")


def loop():
    return (
        Drawing()
        .start()
        .node("exclusiveGateway", "merge")
        .task("ask")
        .boundary("late", "ask", timer("PT1H"))
        .script("count", "n = n + 1")
        .node("exclusiveGateway", "more", default="more-end")
        .end()
        .end("gone")
        .path("start", "merge", "ask", "count", "more", "end")
        .path("late", "gone")
        .flow("more", "merge", "=n >= 0")
    )


def test_step_weighs_the_same_when_a_loop_has_run_long():
    play = Play(loop(), {"n": 100})
    play.complete("ask")
    size, count = len(play.snapshot), len(play.last)
    for _ in range(300):
        play.complete("ask")
    assert len(play.last) == count
    # Only the numbers of the tokens have become longer.
    assert len(play.snapshot) - size <= 10
    assert len(play.execution._instance.tasks) == 3


def test_large_value_is_kept_as_it_was_when_nobody_reads_it():
    large = [{"name": f"row {number}", "n": number} for number in range(2000)]
    play = Play(loop(), {"n": 1, "large": large})
    execution = load(play.spec, play.snapshot, play.host)
    execution.complete(play.at("ask"), {})
    scope = execution._instance.task_tree.scope
    assert isinstance(scope._stored["large"], bytes)
    assert execution.variables["large"] == large
    head = play.snapshot.split(b"\n")[0]
    assert len(head) < 1000


def test_value_survives_when_it_looks_like_a_reference():
    play = Play(loop(), {"n": 1, "odd": {"$line": 7}}).complete("ask")
    assert play.variables["odd"] == {"$line": 7}


@pytest.mark.parametrize(
    "value",
    [
        {"@type": "date", "@value": "2026-03-01"},
        {"@type": "number", "@value": "0.1"},
        {"@type": "dateTime", "@value": "2026-03-29T14:39:00@Europe/Oslo"},
        {"a": [1, None, True, "x\ny"]},
        10**15,
    ],
)
def test_value_survives_a_snapshot_unchanged(value):
    play = Play(loop(), {"n": 1, "value": value}).complete("ask")
    assert play.variables["value"] == value


def test_snapshot_is_refused_when_it_belongs_to_another_process():
    play = Play(loop())
    other = Drawing("other").start().task("ask").path("start", "ask").spec()
    with pytest.raises(SnapshotMismatch, match="process p"):
        load(other, play.snapshot, play.host)


def test_snapshot_is_refused_when_its_element_is_gone():
    play = Play(loop(), {"n": 1})
    other = Drawing().start().task("answer").path("start", "answer").spec()
    with pytest.raises(SnapshotMismatch, match="no element ask"):
        load(other, play.snapshot, play.host)


@pytest.mark.parametrize("snapshot", [b"", b"[]", b'{"format":99}', b"{"])
def test_snapshot_is_refused_when_its_format_is_unknown(snapshot):
    with pytest.raises(SnapshotMismatch):
        load(loop().spec(), snapshot, FakeHost())


def test_called_process_is_asked_for_in_its_version_when_loaded():
    child = Drawing("child").start("cs").task("ask").path("cs", "ask")
    first = compile_process(parse_model(child.xml()), "child", "v1")
    asked = []

    class Host(FakeHost):
        def spec_for(self, process_id, version, binding=None):
            asked.append((process_id, version))
            return first

    inner = '<extensionElements><zeebe:calledElement processId="child"/></extensionElements>'
    drawing = Drawing().start().node("callActivity", "call", inner).path("start", "call")
    Play(drawing, host=Host()).complete("ask")
    assert asked == [("child", None), ("child", "v1")]


def everything():
    """Return a model that stands at one of each thing that a snapshot can hold."""
    handler = Drawing().start("onStop", on("signal", "stop"), isInterrupting="false")
    handler.task("stopped").path("onStop", "stopped")
    inner = Drawing().start("in").task("deep").path("in", "deep")
    return (
        Drawing()
        .declare('<signal id="stop" name="stop"/>')
        .message("m", "answer", "=key")
        .start()
        .node("parallelGateway", "fork")
        .node("parallelGateway", "join")
        .end()
        .task("quick")
        .task("person")
        .boundary("late", "person", timer("R3/PT10M", "timeCycle"), cancelActivity="false")
        .end("lateEnd")
        .path("late", "lateEnd")
        .node("serviceTask", "work", service("later", mapped({"x": "=key"})))
        .node("serviceTask", "broken", service("broken"))
        .node("eventBasedGateway", "first")
        .node("intermediateCatchEvent", "answered", on("message", "m"))
        .node("intermediateCatchEvent", "timeout", timer("P1D"))
        .sub("sub", inner, "<extensionElements>" + mapped({"local": "=1"}) + "</extensionElements>")
        .node("userTask", "each", looped(output=("out", "=item")))
        .sub("handler", handler, triggeredByEvent="true")
        .path("start", "fork", "quick", "join", "end")
        .path("fork", "person", "join")
        .path("fork", "work", "join")
        .path("fork", "broken", "join")
        .path("fork", "first", "answered", "join")
        .path("first", "timeout", "lateEnd")
        .path("fork", "sub", "join")
        .path("fork", "each", "join")
    )


def host_of_everything():
    def broken(call):
        raise StepFailed("It broke.")

    return FakeHost(answers={"later": PENDING, "broken": broken})


VARIABLES = {"key": "k7", "items": ["a", "b"], "long": "x" * 1100}


def test_snapshot_of_this_release_is_the_golden_one():
    play = Play(everything(), VARIABLES, host_of_everything()).complete("quick")
    assert play.snapshot == (GOLDEN / "format-1.snapshot").read_bytes()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.snapshot")), ids=lambda path: path.stem)
def test_snapshot_of_every_release_runs_to_its_end_when_loaded(path):
    host = host_of_everything()
    host.answers["broken"] = None
    play = Play(everything(), VARIABLES, host_of_everything())
    play.host, play.snapshot = host, path.read_bytes()
    play._take(load(play.spec, play.snapshot, host))
    assert play.failed == ["broken"]
    play.do("answer_call", play.at("work"), {"done": True}).fire("late").receive("onStop")
    play.do("retry", play.at("broken")).receive("answered").complete("deep")
    play.complete("each").complete("each").complete("person").complete("stopped")
    assert (play.state, play.variables["out"]) == ("completed", ["a", "b"])
    assert play.variables["long"] == VARIABLES["long"]


def test_snapshot_is_json_when_read_line_by_line():
    play = Play(everything(), VARIABLES, host_of_everything())
    head, *lines = play.snapshot.split(b"\n")
    assert json.loads(head)["format"] == 1
    assert [orjson.loads(line) for line in lines] == [VARIABLES["long"]]


def test_nothing_is_lost_when_saved_and_loaded_without_a_step():
    play = Play(everything(), VARIABLES, host_of_everything())
    execution = load(play.spec, play.snapshot, play.host)
    execution.advance()
    assert execution.changes == []
    assert execution.snapshot() == play.snapshot
    assert execution.tokens() == play.tokens


def test_timer_shows_when_it_is_due_in_the_view_of_its_token():
    play = Play(loop(), {"n": 1})
    view = next(token for token in play.tokens if token.element_id == "late")
    assert (view.role, view.waits_for, view.due_at) == (
        "event",
        "timer",
        play.of(changes.TimerSet)[0].due_at,
    )


def test_spec_serves_many_threads_when_shared():
    spec = everything().spec()
    ends = []

    def run():
        for _ in range(10):
            play = Play(spec, VARIABLES, host_of_everything()).complete("quick")
            ends.append(play.snapshot)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(ends), len(set(ends))) == (60, 1)
