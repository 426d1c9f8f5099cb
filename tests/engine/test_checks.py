import pytest

from processes.engine import EngineError, ModelErrors, compile_process, parse_model
from tests.engine.models import HEAD, Drawing, assigned, extension, looped, mapped, on, timer


def simple():
    return Drawing().start().task("ask").end().path("start", "ask", "end")


def faults(drawing):
    """Return the faults of a drawing as (element, message) pairs."""
    xml = drawing if isinstance(drawing, bytes) else drawing.xml()
    with pytest.raises(ModelErrors) as caught:
        parse_model(xml)
    return [(error.element, error.message) for error in caught.value.errors]


def only(drawing):
    found = faults(drawing)
    assert len(found) == 1, found
    return found[0]


BAD = {
    "a flow that ends nowhere": (
        lambda: simple().flow("ask", "nowhere"),
        "ask-nowhere",
        "ends at nothing",
    ),
    "a flow that begins nowhere": (
        lambda: simple().flow("nowhere", "ask"),
        "nowhere-ask",
        "begins at nothing",
    ),
    "an unreachable task": (lambda: simple().task("lost"), "lost", "No path leads"),
    "an empty process": (Drawing, "p", "nothing to begin with"),
    "a flow into a start": (lambda: simple().flow("ask", "start"), "ask-start", "leads to a start"),
    "a flow out of an end": (lambda: simple().flow("end", "ask"), "end-ask", "leaves an end"),
    "a condition behind a parallel gateway": (
        lambda: (
            Drawing()
            .start()
            .node("parallelGateway", "fork")
            .end()
            .flow("start", "fork")
            .flow("fork", "end", "=true")
        ),
        "fork-end",
        "can't have a condition",
    ),
    "a choice without a condition": (
        lambda: (
            Drawing()
            .start()
            .node("exclusiveGateway", "x")
            .end("a")
            .end("b")
            .path("start", "x", "a")
            .flow("x", "b", "=true")
        ),
        "x-a",
        "without a condition",
    ),
    "a default that is no way out": (
        lambda: Drawing().start().node("task", "t", default="start-t").path("start", "t"),
        "t",
        "default flow",
    ),
    "bad FEEL in a condition": (
        lambda: (
            Drawing()
            .start()
            .node("exclusiveGateway", "x")
            .end("a")
            .flow("start", "x")
            .flow("x", "a", "=1 +")
        ),
        "x-a",
        "The condition can't be read",
    ),
    "bad Python in a condition": (
        lambda: (
            Drawing()
            .start()
            .node("exclusiveGateway", "x")
            .end("a")
            .flow("start", "x")
            .flow("x", "a", "n >")
        ),
        "x-a",
        "The condition can't be read",
    ),
    "an expression of another engine": (
        lambda: (
            Drawing()
            .start()
            .node("exclusiveGateway", "x")
            .end("a")
            .flow("start", "x")
            .flow("x", "a", "${n.size() > 1}")
        ),
        "x-a",
        "of another engine",
    ),
    "bad FEEL in an assignment": (
        lambda: Drawing().start().task("ask", assignee="=a b c(").path("start", "ask"),
        "ask",
        "The assignee can't be read",
    ),
    "bad FEEL in a mapping": (
        lambda: (
            Drawing().start().node("task", "t", extension(mapped({"x": "=("}))).path("start", "t")
        ),
        "t",
        "The mapping to x",
    ),
    "a bad duration": (
        lambda: (
            Drawing()
            .start()
            .node("intermediateCatchEvent", "wait", timer("1 hour"))
            .path("start", "wait")
        ),
        "wait",
        "The timer can't be read",
    ),
    "a timer without a time": (
        lambda: (
            Drawing()
            .start()
            .node("intermediateCatchEvent", "wait", "<timerEventDefinition/>")
            .path("start", "wait")
        ),
        "wait",
        "exactly one date",
    ),
    "a message that isn't named": (
        lambda: (
            Drawing()
            .start()
            .node("intermediateCatchEvent", "wait", on("message"))
            .path("start", "wait")
        ),
        "wait",
        "names no message",
    ),
    "a message that isn't declared": (
        lambda: (
            Drawing()
            .start()
            .node("intermediateCatchEvent", "wait", on("message", "m"))
            .path("start", "wait")
        ),
        "wait",
        "does not declare",
    ),
    "a catching event without a trigger": (
        lambda: Drawing().start().node("intermediateCatchEvent", "wait").path("start", "wait"),
        "wait",
        "has no trigger",
    ),
    "a boundary event on nothing": (
        lambda: simple().boundary("b", "nothing", timer("PT1H")).flow("b", "end"),
        "b",
        "attached to nothing",
    ),
    "a boundary event that leads nowhere": (
        lambda: simple().boundary("b", "ask", timer("PT1H")),
        "b",
        "No flow leaves",
    ),
    "an error event that does not interrupt": (
        lambda: simple().boundary("b", "ask", on("error"), cancelActivity="false").flow("b", "end"),
        "b",
        "always interrupts",
    ),
    "an event gateway before a task": (
        lambda: (
            Drawing()
            .start()
            .node("eventBasedGateway", "g")
            .task("ask")
            .node("intermediateCatchEvent", "wait", timer("PT1H"))
            .path("start", "g", "ask")
            .flow("g", "wait")
        ),
        "ask",
        "Only catching events",
    ),
    "an event gateway with one event": (
        lambda: (
            Drawing()
            .start()
            .node("eventBasedGateway", "g")
            .node("intermediateCatchEvent", "wait", timer("PT1H"))
            .path("start", "g", "wait")
        ),
        "g",
        "fewer than two",
    ),
    "an event sub-process without start": (
        lambda: simple().sub("sub", Drawing().task("in"), triggeredByEvent="true"),
        "sub",
        "no start event",
    ),
    "a sub-process with several starts": (
        lambda: Drawing().start().sub("sub", Drawing().start("a").start("b")).path("start", "sub"),
        "sub",
        "several start events",
    ),
    "a flow across a border": (
        lambda: (
            Drawing()
            .start()
            .sub("sub", Drawing().start("in").task("deep").path("in", "deep"))
            .end()
            .path("start", "sub")
            .flow("deep", "end")
        ),
        "deep-end",
        "crosses the border",
    ),
    "a flow to an event sub-process": (
        lambda: (
            Drawing()
            .start()
            .sub("sub", Drawing().start("in", timer("PT1H")), triggeredByEvent="true")
            .path("start", "sub")
        ),
        "start-sub",
        "event sub-process",
    ),
    "an error end without a code": (
        lambda: Drawing().start().end("bang", on("error")).path("start", "bang"),
        "bang",
        "without a code",
    ),
    "a link without its counterpart": (
        lambda: (
            Drawing()
            .start()
            .node("intermediateThrowEvent", "go", '<linkEventDefinition name="L"/>')
            .path("start", "go")
        ),
        "go",
        "No catching link",
    ),
    "a call without a process": (
        lambda: Drawing().start().node("callActivity", "call").path("start", "call"),
        "call",
        "names no process",
    ),
    "a receive task without a message": (
        lambda: Drawing().start().node("receiveTask", "get").path("start", "get"),
        "get",
        "names no message",
    ),
    "a loop over nothing": (
        lambda: Drawing().start().node("task", "t", looped("")).path("start", "t"),
        "t",
        "how often",
    ),
    "a script in another language": (
        lambda: (
            Drawing()
            .start()
            .node("scriptTask", "s", "<script>x</script>", scriptFormat="groovy")
            .path("start", "s")
        ),
        "s",
        "groovy",
    ),
    "a misspelt attribute": (
        lambda: (
            simple()
            .node("boundaryEvent", "b", timer("PT1H"), attachedToRef="ask", cancelactivity="false")
            .flow("b", "end")
        ),
        "b",
        "no attribute cancelactivity",
    ),
    "a boolean that is none": (
        lambda: simple().boundary("b", "ask", timer("PT1H"), cancelActivity="no").flow("b", "end"),
        "b",
        "not true or false",
    ),
    "an id used twice": (lambda: simple().declare('<signal id="ask"/>'), "ask", "used twice"),
    "a listener": (
        lambda: (
            Drawing()
            .start()
            .node("task", "t", extension("<zeebe:executionListeners/>"))
            .path("start", "t")
        ),
        "t",
        "executionListeners",
    ),
    "a delegate of another engine": (
        lambda: (
            Drawing()
            .start()
            .node("serviceTask", "t", **{"camunda:class": "x.Y"})
            .path("start", "t")
        ),
        "t",
        "another engine",
    ),
    "a conditional event": (
        lambda: (
            Drawing()
            .start()
            .node("intermediateCatchEvent", "wait", "<conditionalEventDefinition/>")
            .path("start", "wait")
        ),
        "wait",
        "conditional event",
    ),
    "a loop without an end": (
        lambda: (
            Drawing().start().node("task", "t", "<standardLoopCharacteristics/>").path("start", "t")
        ),
        "t",
        "loop does not say when it ends",
    ),
    "several triggers that can't go together": (
        lambda: (
            Drawing()
            .declare('<error id="e" errorCode="E"/>')
            .start()
            .node(
                "boundaryEvent",
                "both",
                timer("PT1H") + on("error", "e"),
                attachedToRef="ask",
                parallelMultiple="true",
            )
            .task("ask")
            .end()
            .path("start", "ask", "end")
            .flow("both", "end")
        ),
        "both",
        "can't hold an error event",
    ),
    "a parallel event gateway": (
        lambda: (
            Drawing()
            .start()
            .node("eventBasedGateway", "g", eventGatewayType="Parallel")
            .node("intermediateCatchEvent", "a", timer("PT1H"))
            .node("intermediateCatchEvent", "b", timer("PT2H"))
            .path("start", "g", "a")
            .flow("g", "b")
        ),
        "g",
        "begins the process can be parallel",
    ),
    "a flow to an element that begins the process": (
        lambda: (
            Drawing()
            .message("m", "mail")
            .start()
            .node("receiveTask", "get", messageRef="m", instantiate="true")
            .path("start", "get")
        ),
        "start-get",
        "begins the process",
    ),
    "a compensation event without an activity": (
        lambda: simple().boundary("undo", "ask", on("compensate")),
        "undo",
        "leads to no activity",
    ),
    "a compensation event before the normal flow": (
        lambda: simple().boundary("undo", "ask", on("compensate")).associate("undo", "end"),
        "undo",
        "leads to no activity",
    ),
    "a compensation event with a flow": (
        lambda: (
            simple()
            .boundary("undo", "ask", on("compensate"))
            .node("task", "revoke", isForCompensation="true")
            .associate("undo", "revoke")
            .flow("undo", "end")
        ),
        "undo-end",
        "leaves a compensation event",
    ),
    "a flow to an activity that compensates": (
        lambda: simple().node("task", "revoke", isForCompensation="true").flow("ask", "revoke"),
        "ask-revoke",
        "an activity that compensates",
    ),
    "compensation of what is not there": (
        lambda: (
            Drawing()
            .start()
            .end("undo", '<compensateEventDefinition activityRef="none"/>')
            .path("start", "undo")
        ),
        "undo",
        "no activity none",
    ),
    "compensation of what is out of sight": (
        lambda: (
            Drawing()
            .start()
            .sub("sub", Drawing().start("in").task("deep").path("in", "deep"))
            .end("undo", '<compensateEventDefinition activityRef="deep"/>')
            .path("start", "sub", "undo")
        ),
        "undo",
        "from here",
    ),
    "compensation of a whole process": (
        lambda: simple().sub(
            "sub", Drawing().start("in", on("compensate")), triggeredByEvent="true"
        ),
        "in",
        "of its own",
    ),
    "a cancel end outside of a transaction": (
        lambda: Drawing().start().end("stop", on("cancel")).path("start", "stop"),
        "stop",
        "in a transaction",
    ),
    "a cancel event on a task": (
        lambda: simple().boundary("stop", "ask", on("cancel")).flow("stop", "end"),
        "stop",
        "border of a transaction",
    ),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_model_is_refused_with_its_element_when_it_has(case):
    draw, element, message = BAD[case]
    found = faults(draw())
    assert any(where == element and message in what for where, what in found), found


@pytest.mark.parametrize("name", ["choreographyTask", "subChoreography", "callChoreography"])
def test_element_is_refused_with_advice_when_it_is_not_executed(name):
    drawing = Drawing().start().node(name, "odd").path("start", "odd")
    with pytest.raises(ModelErrors) as caught:
        parse_model(drawing.xml())
    error = caught.value.errors[0]
    assert (error.element, bool(error.advice), bool(error.line)) == ("odd", True, True)


def test_all_faults_are_named_at_once_in_the_order_of_the_file():
    xml = (
        f'{HEAD}\n<process id="p" isExecutable="true">\n<startEvent id="start"/>\n'
        '<task id="lost"/>\n<callActivity id="call"/>\n'
        '<sequenceFlow id="f" sourceRef="start" targetRef="call"/>\n'
        '<sequenceFlow id="g" sourceRef="call" targetRef="x"/>\n</process></definitions>'
    )
    with pytest.raises(ModelErrors) as caught:
        parse_model(xml.encode())
    found = [(error.element, error.line) for error in caught.value.errors]
    assert found == [("lost", 4), ("call", 5), ("g", 7)]


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<a/>",
        b"not xml",
        b'<!DOCTYPE d [<!ENTITY a "b">]>' + Drawing().xml(),
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>',
    ],
)
def test_file_is_refused_when_it_is_no_diagram(xml):
    with pytest.raises(ModelErrors):
        parse_model(xml)


def test_model_tells_what_it_needs_from_outside():
    drawing = (
        Drawing()
        .message("m", "mail")
        .start()
        .start("byMail", on("message", "m"))
        .start("daily", timer("R/P1D", "timeCycle"))
        .node(
            "userTask",
            "ask",
            "<documentation>Call them.</documentation>"
            + extension('<zeebe:formDefinition formId="qualify"/>'),
            name="Ask\nthem",
        )
        .service("go", "lead.assign")
        .node("callActivity", "call", extension('<zeebe:calledElement processId="deal"/>'))
        .node(
            "businessRuleTask",
            "rate",
            extension('<zeebe:calledDecision decisionId="score" resultVariable="s"/>'),
        )
        .path("start", "ask", "go", "call", "rate")
        .path("byMail", "ask")
        .path("daily", "ask")
    )
    model = parse_model(drawing.xml())
    process = model.processes["p"]
    assert [(start.id, start.kind, start.name) for start in process.start_events] == [
        ("start", "none", ""),
        ("byMail", "message", "mail"),
        ("daily", "timer", ""),
    ]
    task = process.user_tasks[0]
    assert (task.name, task.form_id, task.documentation) == ("Ask them", "qualify", "Call them.")
    assert (process.form_ids, process.decision_ids) == ({"qualify"}, {"score"})
    assert (process.service_types, process.called_process_ids) == ({"lead.assign"}, {"deal"})


def test_camunda_7_attributes_are_read_when_nothing_newer_says_it():
    settings = {
        "camunda:assignee": "ada",
        "camunda:candidateGroups": "sales, support",
        "camunda:formKey": "old",
    }
    drawing = Drawing().start().node("userTask", "ask", **settings).path("start", "ask")
    node = parse_model(drawing.xml()).processes["p"].nodes["ask"]
    assert (node.assignment.assignee, node.form_id) == ("ada", "old")
    assert node.assignment.candidate_groups == "sales, support"


def test_lane_is_known_for_what_stands_in_it_at_any_depth():
    inner = Drawing().start("in").task("deep").path("in", "deep")
    drawing = Drawing().start().sub("sub", inner).path("start", "sub")
    lanes = (
        '<laneSet id="ls"><lane id="l" name="Sales"><flowNodeRef>start</flowNodeRef>'
        "<flowNodeRef>sub</flowNodeRef></lane></laneSet>"
    )
    drawing.parts.insert(0, lanes)
    nodes = parse_model(drawing.xml()).processes["p"].nodes
    assert (nodes["start"].lane, nodes["deep"].lane) == ("Sales", "Sales")


def test_several_processes_are_read_when_pools_talk():
    other = Drawing("q", isExecutable="false").start("qs").task("qt").path("qs", "qt")
    drawing = simple().with_process(other)
    drawing.declare(
        '<collaboration id="c"><participant id="a" name="Us" processRef="p"/>'
        '<participant id="b" name="Them"/></collaboration>'
    )
    model = parse_model(drawing.xml())
    assert list(model.processes) == ["p", "q"]
    assert [(pool.name, pool.process_id) for pool in model.participants] == [
        ("Us", "p"),
        ("Them", None),
    ]
    with pytest.raises(EngineError, match="not marked as executable"):
        compile_process(model, "q")


def test_tool_specific_parts_are_kept_and_harmless_when_unknown():
    part = '<x:thing xmlns:x="urn:x" colour="red"/>'
    drawing = (
        Drawing().start().node("task", "t", extension(part), **{"zeebe:modelerTemplate": "io.x"})
    )
    model = parse_model(drawing.path("start", "t").xml())
    assert model.processes["p"].nodes["t"].extensions == (("urn:x", "thing", {"colour": "red"}),)


def test_large_model_is_read_when_it_has_thousands_of_elements():
    drawing = Drawing().start()
    names = [f"t{number}" for number in range(5000)]
    for name in names:
        drawing.node("task", name)
    spec = drawing.path("start", *names).spec()
    assert len(spec.task_specs) == 5003


@pytest.mark.parametrize("depth", [201, 300, 2_000])
def test_model_is_refused_with_advice_when_it_nests_too_deeply(depth):
    with pytest.raises(ModelErrors) as caught:
        parse_model(b"<definitions>" + b"<subProcess>\n" * depth)
    (error,) = caught.value.errors
    assert "more than 200 deep" in error.message
    assert error.line
    assert error.advice


def test_deep_model_is_read_when_sub_processes_nest():
    inner = Drawing().start("s60").task("t60").path("s60", "t60")
    for level in reversed(range(60)):
        inner = (
            Drawing().start(f"s{level}").sub(f"sub{level}", inner).path(f"s{level}", f"sub{level}")
        )
    assert len(inner.spec().task_specs) == 124


def test_faults_of_expressions_are_not_hidden_when_the_task_is_assigned():
    drawing = (
        Drawing().start().node("userTask", "ask", assigned(assignee="=(")).path("start", "ask")
    )
    assert only(drawing)[0] == "ask"


def test_second_plain_start_is_warned_about_when_a_process_has_two():
    [warning] = parse_model(simple().start("other").flow("other", "ask").xml()).warnings
    assert warning.element == "other"
