"""Each element that can stand: saved, loaded, run on, cancelled, migrated (see `docs/bpmn.md`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from processes.engine import PENDING, changes, load
from tests.engine.models import (
    Drawing,
    FakeHost,
    Play,
    again,
    extension,
    looped,
    on,
    service,
    timer,
)
from tests.engine.test_migration import carry

HOT = "<conditionalEventDefinition><condition>=hot</condition></conditionalEventDefinition>"
BOTH = on("message", "m") + on("signal", "g")
NEEDS = (
    '<ioSpecification><dataInput id="in" name="inp"/><inputSet><dataInputRefs>in</dataInputRefs>'
    "</inputSet><outputSet/></ioSpecification><dataInputAssociation><sourceRef>o</sourceRef>"
    "<targetRef>in</targetRef></dataInputAssociation>"
)
GIVES = (
    "<dataOutputAssociation><sourceRef>o</sourceRef><targetRef>o</targetRef>"
    "</dataOutputAssociation>"
)

Finish = Callable[[Play], object]


def base():
    return (
        Drawing()
        .message("m", "mail")
        .declare('<signal id="g" name="go"/><error id="er" errorCode="E"/>')
        .declare('<escalation id="es" escalationCode="X"/>')
        .start()
    )


def one(type_, inner="", **settings):
    return base().node(type_, "it", inner, **settings).path("start", "it")


def inside(type_, inner, **settings):
    drawing = Drawing().start("in").task("work").path("in", "work")
    return base().node(type_, "it", inner + drawing.inside(), **settings).path("start", "it")


def bordered(definition, **settings):
    drawing = base().task("host").path("start", "host").end("caught")
    return drawing.boundary("it", "host", definition, **settings).flow("it", "caught")


def handled(definition, **settings):
    sub = Drawing().start("it", definition, **settings).end("caught").path("it", "caught")
    drawing = base().task("host").path("start", "host")
    return drawing.sub("handler", sub, triggeredByEvent="true")


def joining(type_, inner="", **settings):
    drawing = base().node("parallelGateway", "fork").task("a").task("b")
    return (
        drawing.node(type_, "it", inner, **settings)
        .path("start", "fork", "a", "it")
        .path("fork", "b", "it")
    )


def deciding(**settings):
    return (
        base()
        .node("eventBasedGateway", "it")
        .node("intermediateCatchEvent", "heard", on("message", "m"))
        .node("intermediateCatchEvent", "late", timer("PT1H"))
        .path("start", "it", "heard")
        .flow("it", "late")
    )


def undoing():
    drawing = base().node("task", "done").undo("undo", "done", "revoke", "userTask")
    return drawing.node("intermediateThrowEvent", "it", on("compensate")).path(
        "start", "done", "it"
    )


def cancelling():
    inner = Drawing().start("in").node("task", "done").undo("undo", "done", "revoke", "userTask")
    inner.end("stop", on("cancel")).path("in", "done", "stop")
    drawing = base().node("transaction", "it", inner.inside()).path("start", "it")
    return drawing.boundary("off", "it", on("cancel")).end("sorry").flow("off", "sorry")


def data():
    drawing = base().node("parallelGateway", "fork")
    drawing.parts.append('<dataObject id="o" name="order"/>')
    drawing.node("userTask", "bring", GIVES).node("userTask", "it", NEEDS)
    return drawing.path("start", "fork", "bring").path("fork", "it")


def calling(called):
    drawing = one("callActivity", calledElement=called.process_id)
    host = FakeHost(specs={called.process_id: called.spec()})
    return Play(drawing, host=host), drawing


def complete(*names):
    def finish(play):
        for name in names:
            play.complete(name)

    return finish


def fire(name):
    return lambda play: play.fire(name)


def receive(name):
    return lambda play: play.receive(name)


def answer(play):
    play.do("answer_call", play.at("it"), {})


def heat(play):
    play.do("set_variables", {"hot": True})


def both(play):
    for kind in ("message", "signal"):
        [token] = [each.token_id for each in play.tokens if each.waits_for == kind]
        play.do("receive", token, {})


CASES: dict[str, tuple[Callable[[], Drawing], Finish]] = {
    "userTask": (lambda: one("userTask"), complete("it")),
    "serviceTask": (lambda: one("serviceTask", service("wait")), answer),
    "sendTask": (lambda: one("sendTask", service("wait")), answer),
    "businessRuleTask": (lambda: one("businessRuleTask", service("wait")), answer),
    "scriptTask": (lambda: one("scriptTask", service("wait")), answer),
    "receiveTask": (lambda: one("receiveTask", messageRef="m"), receive("it")),
    "subProcess": (lambda: inside("subProcess", ""), complete("work")),
    "transaction": (lambda: inside("transaction", ""), complete("work")),
    "adHocSubProcess": (
        lambda: one("adHocSubProcess", Drawing().task("x").task("y").inside()),
        complete("x", "y"),
    ),
    "standardLoopCharacteristics": (
        lambda: one("userTask", again(loopMaximum=2)),
        complete("it", "it"),
    ),
    "multiInstanceLoopCharacteristics": (
        lambda: one("userTask", looped("=[1, 2]")),
        complete("it", "it"),
    ),
    "startQuantity": (lambda: joining("userTask", startQuantity=2), complete("a", "b", "it")),
    "dataObject": (data, complete("bring", "it")),
    "parallelGateway": (lambda: joining("parallelGateway"), complete("a", "b")),
    "inclusiveGateway": (lambda: joining("inclusiveGateway"), complete("a", "b")),
    "complexGateway": (
        lambda: joining(
            "complexGateway",
            "<activationCondition>=activationCount = 2</activationCondition>",
        ),
        complete("a", "b"),
    ),
    "eventBasedGateway": (deciding, receive("heard")),
    "message": (lambda: one("intermediateCatchEvent", on("message", "m")), receive("it")),
    "signal": (lambda: one("intermediateCatchEvent", on("signal", "g")), receive("it")),
    "timer": (lambda: one("intermediateCatchEvent", timer("PT1H")), fire("it")),
    "conditional": (lambda: one("intermediateCatchEvent", HOT), heat),
    "parallelMultiple": (
        lambda: one("intermediateCatchEvent", BOTH, parallelMultiple="true"),
        both,
    ),
    "message at a border": (lambda: bordered(on("message", "m")), receive("it")),
    "signal at a border": (lambda: bordered(on("signal", "g")), receive("it")),
    "timer at a border": (lambda: bordered(timer("PT1H")), fire("it")),
    "condition at a border": (lambda: bordered(HOT), heat),
    "several at a border": (lambda: bordered(BOTH, parallelMultiple="true"), both),
    "message of an event sub-process": (lambda: handled(on("message", "m")), receive("it")),
    "signal of an event sub-process": (lambda: handled(on("signal", "g")), receive("it")),
    "timer of an event sub-process": (lambda: handled(timer("PT1H")), fire("it")),
    "condition of an event sub-process": (lambda: handled(HOT), heat),
    "compensate": (undoing, complete("revoke")),
    "cancel": (cancelling, complete("revoke")),
    "asyncBefore": (
        lambda: one(
            "task",
            extension(
                '<zeebe:properties><zeebe:property name="asyncBefore" value="true"/>'
                "</zeebe:properties>"
            ),
        ),
        lambda play: play.do("run_job", play.at("it")),
    ),
}
OPENED = {
    changes.UserTaskOpened: changes.UserTaskClosed,
    changes.SubscriptionOpened: changes.SubscriptionClosed,
    changes.CallPending: changes.CallCancelled,
    changes.JobWanted: changes.JobCancelled,
}


def play_of(name):
    drawing = CASES[name][0]()
    return Play(drawing, {"hot": False}, FakeHost(answers={"wait": PENDING}))


@pytest.mark.parametrize("name", CASES)
def test_element_runs_to_the_end_when_it_was_saved_and_loaded(name):
    play = play_of(name)
    assert play.state == "running"
    CASES[name][1](play)
    assert (play.state, play.failed) == ("completed", [])


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_waited_for_when_the_element_is_cancelled(name):
    play = play_of(name).do("cancel")
    assert (play.state, play.tokens) == ("terminated", [])
    for opening, closing in OPENED.items():
        opened = {one.token_id for one in play.of(opening)}
        assert {one.token_id for one in play.of(closing)} == opened
    timers = {one.token_id for one in play.of(changes.TimerSet)}
    assert {one.token_id for one in play.of(changes.TimerCancelled)} == timers


@pytest.mark.parametrize("name", CASES)
def test_element_runs_to_the_end_when_it_was_migrated(name):
    play = play_of(name)
    drawing = CASES[name][0]().task("unused")
    carry(play, drawing.path("start", "unused"))
    CASES[name][1](play)
    assert (play.state, play.failed) == ("completed", [])


def test_called_process_is_saved_cancelled_and_kept_when_its_caller_is_migrated():
    called = Drawing("q").start("qs").task("work").path("qs", "work")
    play, drawing = calling(called)
    carry(play, drawing.task("unused").path("start", "unused"))
    play.complete("work")
    assert play.state == "completed"
    play, _ = calling(called)
    assert play.do("cancel").of(changes.UserTaskClosed)[0].reason == "cancelled"


@pytest.mark.parametrize("kind", ["error", "escalation"])
@pytest.mark.parametrize("migrated", [False, True])
def test_event_is_caught_when_its_thrower_was_saved(kind, migrated):
    reference = {"error": "er", "escalation": "es"}[kind]

    def thrower():
        inner = Drawing().start("in").task("work").end("bang", on(kind, reference))
        drawing = base().sub("sub", inner.path("in", "work", "bang")).path("start", "sub")
        drawing.boundary("it", "sub", on(kind, reference)).end("caught")
        return drawing.flow("it", "caught")

    play = Play(thrower())
    if migrated:
        carry(play, thrower().task("unused").path("start", "unused"))
    assert play.complete("work").trace[-1] == "caught"


@pytest.mark.parametrize("name", CASES)
def test_snapshot_is_the_same_when_it_is_loaded_and_saved_again(name):
    play = play_of(name)
    assert load(play.spec, play.snapshot, play.host).snapshot() == play.snapshot
