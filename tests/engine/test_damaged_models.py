"""Files damaged at random: refused with their faults, or sound enough to run; never a crash."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from processes.engine import (
    EngineError,
    ModelErrors,
    StepFailed,
    compile_process,
    parse_model,
    start,
)
from processes.engine.parsing.vocabulary import NODE_ATTRIBUTES
from tests.engine.models import Drawing, FakeHost, again, on, timer
from tests.engine.test_snapshot import everything

TAGS = [*NODE_ATTRIBUTES, "sequenceFlow", "extensionElements", "laneSet", "conditionExpression"]
ATTRIBUTES = sorted({name for names in NODE_ATTRIBUTES.values() for name in names})
TEXTS = ["", "true", "=", "=1 +", "person", "start", "PT1H", "nothing", "m", "-1", "${x}", "a b"]


def whole():
    drawing = everything().declare('<error id="e" errorCode="E"/><escalation id="x"/>')
    drawing.node("exclusiveGateway", "choice", default="choice-join")
    drawing.path("fork", "choice", "join").flow("choice", "end", "=key = 1")
    drawing.boundary("oops", "sub", on("error", "e")).flow("oops", "end")
    drawing.node("callActivity", "call", calledElement="p").path("fork", "call", "end")
    drawing.node("intermediateThrowEvent", "go", '<linkEventDefinition name="L"/>')
    drawing.node("intermediateCatchEvent", "come", '<linkEventDefinition name="L"/>')
    drawing.path("fork", "go").path("come", "end")
    return rarer(drawing)


def rarer(drawing):
    """Add what stands in few diagrams: undoing, repeating, several triggers, ad-hoc work."""
    inner = Drawing().start("in2").node("task", "pay").undo("undo", "pay", "refund")
    inner.end("giveup", on("cancel")).path("in2", "pay", "giveup")
    drawing.node("transaction", "buy", inner.inside())
    drawing.boundary("off", "buy", on("cancel")).path("fork", "buy", "end").flow("off", "end")
    free = Drawing().node("task", "free1").node("task", "free2").inside()
    condition = "<completionCondition>=true</completionCondition>"
    drawing.node("adHocSubProcess", "free", free + condition).path("fork", "free", "end")
    drawing.node("task", "often", again("=n < 3", loopMaximum=2), startQuantity=1)
    enough = "<activationCondition>=activationCount = 1</activationCondition>"
    drawing.node("complexGateway", "enough", enough).path("fork", "often", "enough", "end")
    wait = "<conditionalEventDefinition><condition>=n</condition></conditionalEventDefinition>"
    drawing.node("intermediateCatchEvent", "either", timer("PT1H") + wait)
    return drawing.path("fork", "either", "enough").declare('<globalTask id="shared"/>')


def damage(root, chance):
    elements = [element for element in root.iter("*") if element.getparent() is not None]
    element = chance.choice(elements)
    action = chance.randrange(6)
    if action == 0:
        element.getparent().remove(element)
    elif action == 1:
        namespace = etree.QName(element).namespace
        element.tag = f"{{{namespace}}}{chance.choice(TAGS)}"
    elif action == 2 and element.attrib:
        del element.attrib[chance.choice(sorted(element.attrib))]
    elif action == 3 and element.attrib:
        element.set(chance.choice(sorted(element.attrib)), chance.choice(TEXTS))
    elif action == 4:
        element.set(chance.choice(ATTRIBUTES), chance.choice(TEXTS))
    else:
        element.text = chance.choice(TEXTS)
        chance.choice(elements).append(element)


@settings(max_examples=80)
@given(st.integers(0, 2**32), st.integers(1, 3), st.booleans())
def test_damaged_file_is_refused_or_runs_but_never_crashes(seed, times, is_drawing):
    chance = random.Random(seed)
    root = etree.fromstring(whole().xml())
    if is_drawing:
        root.find("{*}process").set("isExecutable", "false")
    for _ in range(times):
        try:
            damage(root, chance)
        except ValueError:  # an element can't be put into itself
            continue
    try:
        model = parse_model(etree.tostring(root))
        processes = {
            name: replace(process, is_executable=True) for name, process in model.processes.items()
        }
        spec = compile_process(replace(model, processes=processes), "p")
        host = FakeHost(specs={"p": spec})
        start(spec, host, {"key": "k", "items": [1]}, start_event="start")
    except (ModelErrors, EngineError, StepFailed):
        return
    assert model.processes["p"].start_events


def test_whole_model_is_sound_before_it_is_damaged():
    assert len(parse_model(whole().xml()).processes) == 2
