"""Models of Camunda 7, Flowable, jBPM, Signavio and SpiffWorkflow: read, or refused clearly."""

from dataclasses import replace

import pytest

from processes.engine import ModelErrors, compile_process, parse_model
from processes.engine.model import Mapped
from processes.engine.parsing.juel import to_feel
from tests.engine.models import FakeHost, Play

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:flowable="http://flowable.org/bpmn" '
    'xmlns:drools="http://www.jboss.org/drools" xmlns:signavio="http://www.signavio.com" '
    'xmlns:spiff="http://spiffworkflow.org/bpmn/schema/1.0/core">'
)


def xml(task, *, declared="", executable="true"):
    """Return a file with a start event and a task `t`."""
    return (
        f'{HEAD}{declared}<process id="p" isExecutable="{executable}"><startEvent id="s"/>{task}'
        '<sequenceFlow id="f" sourceRef="s" targetRef="t"/></process></definitions>'
    ).encode()


def node(task, **settings):
    return parse_model(xml(task, **settings)).processes["p"].nodes["t"]


def inside(extensions):
    return f"<extensionElements>{extensions}</extensionElements>"


LISTENER = inside('<camunda:taskListener class="x" event="create"/>')
DROOLS = (
    '<userTask id="t" drools:taskName="x"><ioSpecification><dataInput id="i" name="TaskName"/>'
    "<inputSet><dataInputRefs>i</dataInputRefs></inputSet><outputSet/></ioSpecification>"
    "<dataInputAssociation><targetRef>i</targetRef><assignment>"
    "<from>Evaluate it</from><to>i</to></assignment></dataInputAssociation></userTask>"
)
DESCRIBED = inside('<signavio:signavioMetaData metaKey="k" metaValue="v"/>')


@pytest.mark.parametrize(
    ("text", "feel"),
    [
        ("${approved}", "=approved"),
        ("#{amount > 100 && type == 'x'}", '=amount > 100 and type = "x"'),
        ("${!ok || n ne 1}", "=not(ok) or n != 1"),
        ("${empty list}", '=(list = null or list = "" or list = [])'),
        ("Dear ${name}!", '="Dear " + string(name) + "!"'),
        ("${a ? 'b' : \"c\"}", '=(if a then "b" else "c")'),
        ("${execution.getVariable('x') % 2}", "=modulo(x, 2)"),
        ("${order.lines[0].sku}", "=order.lines[1].sku"),
        ("no expression", "no expression"),
    ],
)
def test_expression_is_written_anew_when_feel_can_say_it(text, feel):
    assert to_feel(text) == feel


@pytest.mark.parametrize(
    "text", ["${bean.run(x)}", "${now()}", "${a +}", "${(a}", "${a[b]}", "${date:now()}", "${a b}"]
)
def test_expression_is_refused_when_feel_can_not_say_it(text):
    with pytest.raises(ValueError, match=r"it |missing"):
        to_feel(text)


def test_deep_expression_is_refused_when_it_is_nested():
    with pytest.raises(ValueError, match="deeply"):
        to_feel(f"${{{'(' * 100}a{')' * 100}}}")


def test_external_task_of_camunda_is_done_by_its_topic():
    read = node(
        '<serviceTask id="t" camunda:type="external" camunda:topic="pay" '
        'camunda:asyncBefore="true">'
        + inside(
            '<camunda:inputOutput><camunda:inputParameter name="a">${b + 1}'
            "</camunda:inputParameter>"
            '<camunda:inputParameter name="l"><camunda:list><camunda:value>x</camunda:value>'
            "<camunda:value>${y}</camunda:value></camunda:list></camunda:inputParameter>"
            '<camunda:outputParameter name="r">${q}</camunda:outputParameter>'
            "</camunda:inputOutput>"
            "<camunda:failedJobRetryTimeCycle>R3/PT1M</camunda:failedJobRetryTimeCycle>"
        )
        + "</serviceTask>"
    )
    assert (read.work.type, read.async_before, len(read.retries.waits)) == ("pay", True, 2)
    assert read.inputs == (Mapped("=b + 1", "a"), Mapped('=["x", y]', "l"))
    assert read.outputs == (Mapped("=q", "r"),)
    assert read.work.keeps_result


def test_result_is_kept_beside_the_mappings_when_camunda_maps_it():
    task = (
        '<serviceTask id="t" camunda:topic="pay">'
        + inside(
            '<camunda:inputOutput><camunda:outputParameter name="r">${q}</camunda:outputParameter>'
            "</camunda:inputOutput>"
        )
        + "</serviceTask>"
    )
    host = FakeHost(answers={"pay": {"q": 2}})
    spec = compile_process(parse_model(xml(task)), "p")
    assert Play(spec, host=host).variables == {"q": 2, "r": 2}


def test_call_of_camunda_passes_what_it_names():
    read = node(
        '<callActivity id="t" calledElement="${which}" camunda:calledElementBinding="version" '
        'camunda:calledElementVersion="3">'
        + inside(
            '<camunda:in source="a" target="b"/>'
            '<camunda:in sourceExpression="${c + 1}" target="d"/>'
            '<camunda:out variables="all"/>'
        )
        + "</callActivity>"
    )
    assert read.inputs == (Mapped("=a", "b"), Mapped("=c + 1", "d"))
    assert (read.work.called_process, read.work.binding) == ("=which", "version")
    assert (read.work.binding_value, read.work.pass_all_in, read.work.pass_all_out) == (
        "3",
        False,
        True,
    )


def test_decision_and_user_task_of_camunda_are_read():
    read = node('<businessRuleTask id="t" camunda:decisionRef="d" camunda:resultVariable="r"/>')
    assert (read.work.decision_id, read.work.result_variable) == ("d", "r")
    read = node('<userTask id="t" camunda:assignee="${who}" camunda:candidateGroups="sales"/>')
    assert (read.assignment.assignee, read.assignment.candidate_groups) == ("=who", "sales")


def test_multi_instance_of_camunda_runs_over_its_collection():
    loop = (
        '<multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="i"/>'
    )
    read = node(f'<userTask id="t">{loop}</userTask>')
    assert (read.loop.collection, read.loop.item_name) == ("=items", "i")


@pytest.mark.parametrize(
    "task",
    [
        '<serviceTask id="t" camunda:class="x.Y"/>',
        '<serviceTask id="t" camunda:delegateExpression="${bean}"/>',
        '<serviceTask id="t" camunda:expression="${bean.run()}" camunda:resultVariable="r"/>',
        '<serviceTask id="t" flowable:type="mail"/>',
        '<userTask id="t" camunda:dueDate="${dateTime().plusDays(1)}"/>',
        f'<userTask id="t">{LISTENER}</userTask>',
        '<scriptTask id="t" scriptFormat="groovy"><script>x = 1</script></scriptTask>',
        '<scriptTask id="t" scriptFormat="javascript"><script>x = 1</script></scriptTask>',
    ],
)
def test_task_is_refused_with_advice_when_another_engine_would_run_something(task):
    with pytest.raises(ModelErrors) as caught:
        parse_model(xml(task))
    assert [error.element for error in caught.value.errors] == ["t"]


@pytest.mark.parametrize(
    "task",
    [
        '<userTask id="t" camunda:historyTimeToLive="5" camunda:jobPriority="2"/>',
        f'<userTask id="t">{inside("<camunda:formData/>")}</userTask>',
        f'<task id="t">{DESCRIBED}</task>',
        DROOLS,
    ],
)
def test_task_is_sound_when_another_tool_describes_it(task):
    assert node(task)


def test_drawing_is_sound_when_it_is_not_meant_to_be_executed():
    event = (
        '<intermediateCatchEvent id="t" name="Order"><messageEventDefinition/>'
        "</intermediateCatchEvent>"
    )
    assert node(event, executable="false").event.name == "Order"
    with pytest.raises(ModelErrors):
        node(event)


def test_scripts_and_operators_of_spiffworkflow_are_executed():
    task = (
        '<serviceTask id="t">'
        + inside(
            "<spiff:preScript>n = 1</spiff:preScript><spiff:postScript>m = r + n</spiff:postScript>"
            '<spiff:serviceTaskOperator id="add" resultVariable="r"><spiff:parameters>'
            '<spiff:parameter id="x" type="int" value="n + 1"/></spiff:parameters>'
            "</spiff:serviceTaskOperator>"
        )
        + "</serviceTask>"
    )
    host = FakeHost(answers={"add": lambda call: call.arguments["x"] * 10})
    spec = compile_process(parse_model(xml(task)), "p")
    assert Play(spec, host=host).variables == {"n": 1, "r": 20, "m": 21}


def test_scripts_of_spiffworkflow_run_once_for_each_run_of_the_task():
    scripts = inside("<spiff:preScript>n = n + 1</spiff:preScript>")
    loop = '<standardLoopCharacteristics loopMaximum="2"/>'
    spec = compile_process(parse_model(xml(f'<task id="t">{scripts}{loop}</task>')), "p")
    assert Play(spec, {"n": 0}).variables == {"n": 2}


def test_payload_and_variable_of_a_message_of_spiffworkflow_are_used():
    message = (
        '<message id="m" name="m">'
        + inside(
            "<spiff:messagePayload>{'a': n}</spiff:messagePayload>"
            "<spiff:messageVariable>got</spiff:messageVariable>"
        )
        + "</message>"
    )
    sent = '<sendTask id="t" messageRef="m"/>'
    spec = compile_process(parse_model(xml(sent, declared=message)), "p")
    assert Play(spec, {"n": 4}).host.thrown[0].payload == {"a": 4}
    heard = '<receiveTask id="t" messageRef="m"/>'
    spec = compile_process(parse_model(xml(heard, declared=message)), "p")
    assert Play(spec).receive("t", a=5).variables == {"got": {"a": 5}}


def test_drawing_stands_at_an_incident_when_its_texts_can_not_be_read():
    late = "<timerEventDefinition><timeDuration>=1 +</timeDuration></timerEventDefinition>"
    vague = "<timerEventDefinition/>"
    unread = (
        f'<intermediateCatchEvent id="t">{late}</intermediateCatchEvent>',
        f'<intermediateCatchEvent id="t">{vague}</intermediateCatchEvent>',
        '<scriptTask id="t" scriptFormat="groovy"><script>def x = 1</script></scriptTask>',
        '<callActivity id="t"/>',
        '<task id="t"><multiInstanceLoopCharacteristics/></task>',
    )
    for task in unread:
        model = parse_model(xml(task, executable="false"))
        process = replace(model.processes["p"], is_executable=True)
        spec = compile_process(replace(model, processes={"p": process}), "p")
        assert Play(spec).failed == ["t"]


def test_code_of_an_error_is_kept_when_camunda_names_a_variable_for_it():
    body = (
        '<scriptTask id="t"><script>fail("E", "broken")</script></scriptTask>'
        '<boundaryEvent id="b" attachedToRef="t"><errorEventDefinition '
        'camunda:errorCodeVariable="code" camunda:errorMessageVariable="why"/></boundaryEvent>'
        '<endEvent id="e"/><sequenceFlow id="g" sourceRef="b" targetRef="e"/>'
    )
    spec = compile_process(parse_model(xml(body)), "p")
    assert Play(spec).variables == {"code": "E", "why": "broken"}


def test_message_event_of_camunda_is_thrown_by_its_topic():
    event = (
        '<endEvent id="t"><messageEventDefinition messageRef="m" camunda:type="external" '
        'camunda:topic="send"/></endEvent>'
    )
    assert node(event, declared='<message id="m" name="m"/>').work.type == "send"


def test_process_that_does_not_say_whether_it_is_executable_may_lack_what_that_needs():
    unmarked = (
        xml('<receiveTask id="t"/>').replace(b' isExecutable="true"', b""),
        xml('<callActivity id="t"/>').replace(b' isExecutable="true"', b""),
    )
    for file in unmarked:
        model = parse_model(file)
        assert [one.element for one in model.warnings] == ["t"]
        assert model.processes["p"].is_executable
    broken = xml('<scriptTask id="t"><script>x = = 1</script></scriptTask>')
    with pytest.raises(ModelErrors):
        parse_model(broken.replace(b' isExecutable="true"', b""))
