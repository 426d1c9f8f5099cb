"""Snapshots that stand at the rarer elements; those of every release run to their end."""

import json
from pathlib import Path

import pytest

from processes.engine import load, parse_model
from tests.engine.models import Drawing, Play, again, looped, mapped, on, timer

GOLDEN = Path(__file__).with_name("golden") / "rare"
BOTH = timer("PT1H") + on("signal", "s")


def rare():
    """Return a model that stands at one of each thing that is not in `everything`."""
    done = Drawing().start("in1").script("pay", "paid = price").undo("undo", "pay", "refund")
    kept = f"<extensionElements>{mapped({}, {'done': '=true'})}</extensionElements>"
    bought = (
        Drawing().start("in2").node("task", "order").undo("undo2", "order", "unorder", "userTask")
    )
    bought.end("stop", on("cancel")).path("in2", "order", "stop")
    free = Drawing().task("free1").task("free2")
    until = "<completionCondition>=enough</completionCondition>"
    votes = "<activationCondition>=activationCount = 2</activationCondition>"
    hot = "<conditionalEventDefinition><condition>=hot</condition></conditionalEventDefinition>"
    return (
        Drawing()
        .declare('<signal id="s" name="go"/>')
        .start()
        .sub("trip", done.path("in1", "pay"), kept)
        .node("parallelGateway", "fork")
        .path("start", "trip", "fork")
        .node("transaction", "buy", bought.inside())
        .boundary("cancelled", "buy", on("cancel"))
        .end("sorry")
        .path("cancelled", "sorry")
        .node("adHocSubProcess", "free", free.inside() + until)
        .node("userTask", "often", again("=loopCounter < 2"))
        .node("userTask", "each", looped())
        .boundary("either", "each", BOTH, parallelMultiple="true")
        .flow("either", "sorry", id_="f1")
        .node("intermediateCatchEvent", "until", hot)
        .task("vote1")
        .task("vote2")
        .task("vote3")
        .node("complexGateway", "votes", votes)
        .node("userTask", "pairs", startQuantity=2)
        .path("fork", "buy", "pairs")
        .path("fork", "free", "pairs")
        .path("fork", "often", "pairs")
        .path("fork", "each")
        .path("fork", "until")
        .path("fork", "vote1", "votes")
        .path("fork", "vote2", "votes")
        .path("fork", "vote3", "votes")
        .end("undone", on("compensate"))
        .path("votes", "undone")
    )


VARIABLES = {"price": 5, "items": [1, 2], "enough": False, "hot": False}


def stand():
    """Return the model played to where it stands at most of them."""
    play = Play(rare(), VARIABLES).complete("vote1").complete("often").complete("each")
    [signal] = [one.token_id for one in play.tokens if one.waits_for == "signal"]
    return play.do("receive", signal).complete("free1").complete("unorder")


def test_snapshot_of_this_release_is_the_golden_one():
    golden = (GOLDEN / "format-1.snapshot").read_bytes()
    digest = parse_model(rare().xml()).digest
    [[_, version]] = json.loads(golden.split(b"\n")[0])["processes"]
    assert stand().snapshot.replace(digest.encode(), version.encode()) == golden


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.snapshot")), ids=lambda path: path.stem)
def test_snapshot_of_every_release_runs_to_its_end_when_loaded(path):
    play = Play(rare(), VARIABLES)
    play._take(load(play.spec, path.read_bytes(), play.host))
    play.complete("vote3").complete("vote2").complete("often").fire("either")
    play.complete("free2", enough=True).complete("pairs").do("set_variables", {"hot": True})
    assert (play.state, play.waiting) == ("completed", [])
    assert play.trace[-1] == "until"
    assert play.trace.count("refund") == 1
