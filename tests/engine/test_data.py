"""Data, input sets, resource roles and what begins a process (BPMN 2.0.2 §10.4, §10.5)."""

import pytest

from processes.engine import (
    Binding,
    EngineError,
    ModelErrors,
    changes,
    correlation_text,
    parse_model,
    start,
    start_condition,
)
from processes.engine.retry_plans import parse_retry_plan
from tests.engine.models import Drawing, FakeHost, Play, extension, on

HOT = "<conditionalEventDefinition><condition>=heat &gt; 3</condition></conditionalEventDefinition>"
NEEDS = (
    '<ioSpecification><dataInput id="in" name="inp"/><inputSet><dataInputRefs>in</dataInputRefs>'
    "</inputSet><outputSet/></ioSpecification><dataInputAssociation><sourceRef>{}</sourceRef>"
    "<targetRef>in</targetRef></dataInputAssociation>"
)
GIVES = (
    '<ioSpecification><dataOutput id="out" name="result"/><inputSet/><outputSet>'
    "<dataOutputRefs>out</dataOutputRefs></outputSet></ioSpecification><dataOutputAssociation>"
    "<sourceRef>out</sourceRef><targetRef>{}</targetRef></dataOutputAssociation>"
)


def opened(play, element):
    """Return what was told of the tasks of an element."""
    return [one for one in play.of(changes.UserTaskOpened) if one.element_id == element]


def ordering(needed="draft", given="draft"):
    """Return two branches, of which one needs the order that the other writes."""
    drawing = Drawing().start().node("parallelGateway", "fork")
    drawing.parts.append('<dataObject id="o" name="order"/>')
    for state in ("draft", "final"):
        drawing.parts.append(
            f'<dataObjectReference id="{state}" dataObjectRef="o"><dataState name="{state}"/>'
            "</dataObjectReference>"
        )
    drawing.node("userTask", "write", GIVES.format(given))
    drawing.node("userTask", "read", NEEDS.format(needed))
    return drawing.path("start", "fork", "write").path("fork", "read")


def test_activity_waits_when_its_data_are_not_there_yet():
    play = Play(ordering())
    assert [token.waits_for for token in play.tokens if token.element_id == "read"] == ["condition"]
    play.complete("write", result=7)
    assert [one.variables for one in opened(play, "read")] == [{"inp": 7}]


def test_activity_waits_when_its_data_are_in_another_state():
    drawing = ordering(needed="final")
    drawing.node("userTask", "close2", GIVES.format("final").replace('"out"', '"out2"'))
    play = Play(drawing.path("write", "close2")).complete("write", result=7)
    assert not opened(play, "read")
    assert opened(play.complete("close2", result=8), "read")[0].variables == {"inp": 8}


def test_activity_does_not_wait_when_nothing_brings_its_data():
    drawing = Drawing().start()
    drawing.parts.append('<dataObject id="o" name="order"/>')
    play = Play(drawing.node("userTask", "read", NEEDS.format("o")).path("start", "read"))
    assert opened(play, "read")


def test_waiting_for_data_ends_when_the_instance_is_cancelled():
    play = Play(ordering()).do("cancel")
    assert (play.state, play.tokens) == ("terminated", [])


def test_data_object_stays_inside_when_it_belongs_to_a_sub_process():
    inner = Drawing().start("in").script("write", "order = 5")
    inner.parts.append('<dataObject id="o" name="order"/>')
    drawing = Drawing().start().sub("sub", inner.path("in", "write")).path("start", "sub")
    assert Play(drawing).variables == {}


def test_data_object_is_called_by_its_id_when_its_name_can_not_be_a_variable():
    drawing = Drawing().start()
    drawing.parts.append('<dataObject id="the_order" name="The order!"/>')
    drawing.node("userTask", "write", GIVES.format("the_order")).path("start", "write")
    assert Play(drawing).complete("write", result=3).variables == {"result": 3, "the_order": 3}


def roles(inner, declared=""):
    drawing = Drawing().declare(declared) if declared else Drawing()
    play = Play(drawing.start().node("userTask", "ask", inner).path("start", "ask"))
    return opened(play, "ask")[0]


def role(kind, text):
    return (
        f"<{kind}><resourceAssignmentExpression><formalExpression>{text}</formalExpression>"
        f"</resourceAssignmentExpression></{kind}>"
    )


def test_roles_assign_a_task_when_nothing_else_does():
    task = roles(role("humanPerformer", "anna") + role("potentialOwner", "user(bo), group(sales)"))
    assert (task.assignee, task.candidate_users, task.candidate_groups) == (
        "anna",
        ("bo",),
        ("sales",),
    )


def test_role_is_a_group_when_it_names_a_resource():
    task = roles(
        "<potentialOwner><resourceRef>r</resourceRef></potentialOwner>",
        '<resource id="r" name="sales"/>',
    )
    assert task.candidate_groups == ("sales",)


def test_binding_of_a_call_is_told_to_the_host():
    called = Drawing("q").start("qs").spec()
    host = FakeHost(specs={"q": called})
    named = '<zeebe:calledElement processId="q" bindingType="versionTag" versionTag="v2"/>'
    drawing = Drawing().start().node("callActivity", "call", extension(named))
    assert Play(drawing.path("start", "call"), host=host).state == "completed"
    assert host.bindings == [Binding("versionTag", "v2")]


def test_condition_of_a_start_event_is_seen_before_there_is_an_instance():
    spec = Drawing().start("hot", HOT).task("ask").path("hot", "ask").spec()
    assert [(one.kind, one.expression) for one in spec.process.start_events] == [
        ("conditional", "=heat > 3")
    ]
    host = FakeHost(records={"heat": 4})
    assert start_condition(spec, "hot", host)
    assert not start_condition(spec, "hot", host, {"heat": 1})
    assert start(spec, host, start_event="hot").tokens()[0].element_id == "ask"
    with pytest.raises(EngineError):
        start_condition(Drawing().start().spec(), "start", host)


def test_process_begins_when_all_of_several_events_have_happened():
    drawing = Drawing().message("m", "order").declare('<signal id="s" name="go"/>')
    both = on("message", "m") + on("signal", "s")
    drawing.start("both", both, parallelMultiple="true").task("ask").path("both", "ask")
    spec = drawing.spec()
    first, second = spec.process.start_events
    assert ((first.id, first.kind), (second.id, second.kind)) == (
        ("both#0", "message"),
        ("both#1", "signal"),
    )
    play = Play(spec, start_event="both#0", payload={"a": 1})
    assert play.waiting == ["both"]
    play.receive("both", b=2)
    assert (play.trace, play.waiting, play.variables) == (["both"], ["ask"], {"a": 1, "b": 2})


def test_key_of_several_properties_has_all_of_their_values():
    assert correlation_text({"a": "1"}) == "1"
    assert correlation_text({"b": "2", "a": "1"}) == '["1","2"]'


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("1", []),
        ("3", [30, 60]),
        ("R3/PT10M", [600, 600]),
        ("PT1M,PT1H", [60, 3600]),
    ],
)
def test_plan_says_how_long_to_wait_when_a_step_fails(text, waits):
    plan = parse_retry_plan(text)
    assert [span.total_seconds() for span in plan.waits] == waits
    assert plan.wait_after(len(waits) + 1) is None


@pytest.mark.parametrize("text", ["", "often", "R/PT1M", "R3", "R1000/PT1S"])
def test_plan_is_refused_when_it_can_not_be_read(text):
    with pytest.raises(ValueError, match="is no"):
        parse_retry_plan(text)


@pytest.mark.parametrize("name", ["asyncBefore", "retryCycle"])
def test_property_is_refused_when_it_can_not_be_read(name):
    settings = f'<zeebe:property name="{name}" value="often"/>'
    inner = extension(f"<zeebe:properties>{settings}</zeebe:properties>")
    with pytest.raises(ModelErrors):
        parse_model(Drawing().start().node("task", "t", inner).path("start", "t").xml())


def test_deployed_model_is_only_warned_about_when_a_later_rule_refuses_it():
    xml = Drawing().start().node("task", "t", "<documentation/><documentation/>").task("lost")
    xml = xml.path("start", "t").xml()
    with pytest.raises(ModelErrors):
        parse_model(xml)
    assert [one.element for one in parse_model(xml, is_deployed=True).warnings] == ["lost"]


def test_data_store_is_a_variable_of_its_process():
    drawing = Drawing().declare('<dataStore id="ds" name="stock"/>').start()
    drawing.parts.append('<dataStoreReference id="dr" dataStoreRef="ds"/>')
    drawing.node("userTask", "count", GIVES.format("dr")).path("start", "count")
    assert Play(drawing).complete("count", result=3).variables == {"result": 3, "stock": 3}
