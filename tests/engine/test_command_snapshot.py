"""Snapshots that stand where commands, jobs and retries left them; every release's run on."""

from pathlib import Path

import pytest

from processes.engine import StepFailed, load
from tests.engine.models import Drawing, FakeHost, Play, extension, looped, mapped, on, service
from tests.engine.test_jobs_and_retries import AFTER, BEFORE, stated

GOLDEN = Path(__file__).with_name("golden") / "commands"


def commanded():
    """Return a model that stands at one of each thing that commands and jobs leave behind."""
    inner = Drawing().start("in").task("x").task("y").path("in", "x", "y")
    kept = extension(mapped({"local": "=1"}))
    free = Drawing().task("one").task("two").task("three")
    fragile = service("fragile", stated("retryCycle", "R3/PT10M"))
    call = extension('<zeebe:calledElement processId="child"/>')
    drawing = Drawing().start().node("parallelGateway", "fork").path("start", "fork")
    drawing.node("manualTask", "early", BEFORE).node("userTask", "late", AFTER)
    drawing.node("serviceTask", "work", fragile).node("userTask", "each", looped())
    drawing.node("callActivity", "done", call).node("callActivity", "kept", call)
    drawing.node("intermediateThrowEvent", "undo", on("compensate")).sub("sub", inner, kept)
    drawing.node("adHocSubProcess", "free", free.inside(), ordering="Sequential").task("away")
    for path in (
        ("early",),
        ("late",),
        ("work",),
        ("each",),
        ("done", "undo"),
        ("sub",),
        ("free",),
        ("away",),
    ):
        drawing.path("fork", *path)
    return drawing.path("away", "kept")


def host():
    child = Drawing("child").start("cs").node("task", "book").path("cs", "book")
    return FakeHost(
        specs={"child": child.undo("be", "book", "unbook", "userTask").spec()},
        answers={"fragile": broken},
    )


def broken(call):
    raise StepFailed("It broke.")


def stand():
    """Return the model played to where it stands at all of them."""
    play = Play(commanded(), {"items": [1, 2, 3]}, host()).complete("late").complete("each")
    play.do("cancel_token", play.at("each")).do("move", play.at("x"), "y")
    play.do("cancel_token", play.at("one")).do("add_token", "kept")
    return play.do("add_token", "x")


def test_snapshot_of_this_release_is_the_golden_one():
    assert stand().snapshot == (GOLDEN / "format-1.snapshot").read_bytes()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.snapshot")), ids=lambda path: path.stem)
def test_snapshot_of_every_release_runs_to_its_end_when_loaded(path):
    play = Play(commanded(), {"items": [1, 2, 3]}, host())
    play._take(load(play.spec, path.read_bytes(), play.host))
    play.host.answers["fragile"] = None
    play.do("run_job", play.at("early")).do("run_job", play.at("late"))
    play.do("retry", play.at("work")).complete("each").complete("unbook")
    play.complete("x").complete("y").complete("y").complete("two").complete("three")
    play.complete("away")
    assert (play.state, play.waiting) == ("completed", [])
    assert [play.trace.count(name) for name in ("kept", "undo", "each")] == [1, 1, 1]
