import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from app.cli.bpmn import bpmn
from app.cli.dmn import dmn
from processes.laboratory import check_request, decide_request, run_request
from tests.engine.models import Drawing, extension, looped, mapped, on, timer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def play(drawing, *steps, **settings):
    model = drawing if isinstance(drawing, str) else drawing.xml().decode()
    return run_request({"id": 1, "model": model, "steps": list(steps), **settings}, NOW)


def asking():
    return Drawing().start().task("ask").end().path("start", "ask", "end")


def test_trace_and_variables_are_told_when_a_process_is_played():
    answer = play(asking(), {"complete": "ask", "with": {"n": 2}}, variables={"m": 1.5})
    assert answer == {
        "id": 1,
        "status": "completed",
        "trace": ["start", "ask", "end"],
        "variables": {"m": 1.5, "n": 2},
        "waiting": [],
        "incidents": [],
        "errors": [],
    }


def test_faults_are_told_when_the_model_is_refused():
    drawing = Drawing().start().task("ask").path("start", "ask").flow("ask", "nowhere")
    for answer in (play(drawing), check_request({"id": 1, "model": drawing.xml().decode()})):
        [error] = answer["errors"]
        assert error["element"] == "ask-nowhere"
        assert error["line"]
        assert error["advice"]
    assert play(drawing)["status"] == "refused"


def test_sound_model_is_ok_when_checked():
    answer = check_request({"id": "x", "model": asking().xml().decode()})
    assert answer == {"id": "x", "ok": True, "errors": [], "warnings": []}


def test_missing_file_is_an_error_when_checked():
    assert not check_request({"id": 1, "model": "/there/is/none.bpmn"})["ok"]


def test_timers_fire_in_order_when_time_passes():
    drawing = asking().boundary(
        "tick", "ask", timer("R3/PT10M", "timeCycle"), cancelActivity="false"
    )
    drawing.end("ticked").flow("tick", "ticked")
    answer = play(drawing, {"advance": "PT25M"})
    assert answer["trace"] == ["start", "tick", "ticked", "tick", "ticked"]
    assert answer["waiting"] == [
        {"element": "ask", "type": "userTask", "due": None},
        {"element": "tick", "type": "timer", "due": "2026-03-02T09:30:00+00:00"},
    ]


def pools():
    """Return two pools: one orders, the other delivers what has the order's number."""
    shop = (
        Drawing("shop")
        .start("ordered", on("message", "order"))
        .node("intermediateThrowEvent", "send", on("message", "goods"))
        .path("ordered", "send")
    )
    return (
        Drawing()
        .message("order", "order", "=number")
        .message("goods", "goods", "=number")
        .start()
        .node(
            "sendTask",
            "buy",
            extension(mapped({"number": "=number"})),
            messageRef="order",
        )
        .node("receiveTask", "wait", messageRef="goods")
        .path("start", "buy", "wait")
        .with_process(shop)
    )


def test_pools_talk_when_messages_flow_between_them():
    answer = play(pools(), variables={"number": 7}, process="p")
    assert answer["trace"] == ["start", "buy", "ordered", "send", "wait"]
    assert answer["status"] == "completed"


def test_message_finds_its_instance_when_the_key_fits():
    drawing = (
        Drawing()
        .message("m", "paid", "=number")
        .start()
        .node("receiveTask", "wait", messageRef="m")
        .path("start", "wait")
    )
    steps = [
        {"start": "p", "variables": {"number": 2}},
        {"message": "paid", "correlation": {"number": 2}, "payload": {"by": "card"}},
    ]
    answer = play(drawing, *steps, variables={"number": 1})
    assert answer["variables"] == {"number": 1}
    assert answer["trace"] == ["start", "start", "wait"]
    assert [one["element"] for one in answer["waiting"]] == ["wait"]


def test_message_is_kept_when_nobody_waits_yet():
    drawing = Drawing().message("m", "paid").start().task("ask")
    drawing.node("receiveTask", "wait", messageRef="m").path("start", "ask", "wait")
    answer = play(drawing, {"message": "paid", "payload": {"a": 1}}, {"complete": "ask"})
    assert (answer["status"], answer["variables"]) == ("completed", {"a": 1})


def test_process_begins_when_its_message_or_signal_comes():
    drawing = (
        Drawing()
        .declare('<signal id="s" name="go"/>')
        .message("m", "lead")
        .start("by_message", on("message", "m"))
        .start("by_signal", on("signal", "s"))
        .end()
        .path("by_message", "end")
        .flow("by_signal", "end")
    )
    assert play(drawing)["status"] == "running"
    answer = play(drawing, {"message": "lead", "payload": {"x": 1}}, {"signal": "go"})
    assert answer["trace"] == ["by_message", "end", "by_signal", "end"]
    assert answer["variables"] == {"x": 1}


def test_process_begins_when_its_timer_is_due():
    drawing = Drawing().start("daily", timer("R/P1D", "timeCycle")).end().path("daily", "end")
    assert play(drawing, {"advance": "P2D"})["trace"] == ["daily", "end"] * 2


def test_uncaught_error_is_a_failure_when_others_still_wait():
    drawing = (
        Drawing()
        .declare('<error id="e" errorCode="E1"/>')
        .start()
        .node("parallelGateway", "fork")
        .task("ask")
        .end("bang", on("error", "e"))
        .path("start", "fork", "ask")
        .flow("fork", "bang")
    )
    answer = play(drawing)
    assert answer["status"] == "failed"
    [incident] = answer["incidents"]
    assert incident["element"] == "bang"
    assert "E1" in incident["error"]


def test_service_task_has_its_given_result_when_a_step_completes_it():
    drawing = Drawing().start().service("do").task("ask").path("start", "do", "ask")
    answer = play(drawing, {"complete": "do", "with": {"price": 3}})
    assert (answer["variables"], answer["errors"]) == ({"price": 3}, [])


def test_decision_has_its_given_result_when_a_step_completes_its_task():
    called = '<zeebe:calledDecision decisionId="d" resultVariable="r"/>'
    drawing = Drawing().start().node("businessRuleTask", "rule", extension(called))
    answer = play(drawing.path("start", "rule"), {"complete": "rule", "with": {"ok": True}})
    assert (answer["variables"], answer["status"]) == ({"r": {"ok": True}}, "completed")
    assert play(drawing)["variables"] == {"r": None}


def test_multi_instance_stands_once_per_instance_when_traced():
    drawing = Drawing().start().node("task", "each", looped()).path("start", "each")
    assert play(drawing, variables={"items": [1, 2]})["trace"] == ["start", "each", "each"]


@pytest.mark.parametrize(
    "step", [{"complete": "nothing"}, {"start": "none"}, {"advance": "soon"}, {"sing": 1}]
)
def test_step_is_an_error_when_it_is_impossible(step):
    [error] = play(asking(), step)["errors"]
    assert error["message"].startswith("Step 1 ")


def test_model_is_played_when_it_is_not_marked_as_executable():
    drawing = Drawing(isExecutable="false").start().end().path("start", "end")
    assert play(drawing)["status"] == "completed"


def test_answers_come_in_order_when_there_are_many_requests():
    requests = [{"id": number, "model": asking().xml().decode()} for number in range(3)]
    lines = "\n".join([*map(json.dumps, requests), "no json", "[]", ""])
    for command, name in (("check", "ok"), ("run", "status")):
        result = CliRunner().invoke(bpmn, [command, "--batch"], input=lines)
        answers = [json.loads(line) for line in result.output.splitlines()]
        assert [answer.get("id") for answer in answers] == [0, 1, 2, None, None]
        assert all(name in answer for answer in answers[:3])


def test_exit_code_tells_when_a_file_is_refused(tmp_path):
    file = tmp_path / "model.bpmn"
    file.write_text("<nonsense/>")
    assert CliRunner().invoke(bpmn, ["check", str(file)]).exit_code == 1
    file.write_bytes(asking().xml())
    assert CliRunner().invoke(bpmn, ["check", str(file)]).exit_code == 0
    steps = '[{"complete": "ask"}]'
    result = CliRunner().invoke(bpmn, ["run", str(file), "--steps", steps])
    assert json.loads(result.output)["status"] == "completed"


DMN = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" '
    'namespace="n"><inputData id="i" name="n"/><decision id="twice" name="Twice">'
    '<informationRequirement id="r"><requiredInput href="#i"/></informationRequirement>'
    '<literalExpression id="l"><text>n * 2</text></literalExpression></decision></definitions>'
)


def test_decision_has_a_value_when_it_is_given_as_xml_or_file(tmp_path):
    request = {"model": DMN, "decision": "twice", "inputs": {"n": 4}}
    assert decide_request(request, NOW) == {"value": 8}
    file = tmp_path / "d.dmn"
    file.write_text(DMN)
    result = CliRunner().invoke(dmn, ["evaluate", str(file), "Twice", "--inputs", '{"n": 0.5}'])
    assert json.loads(result.output) == {"value": 1}
    line = json.dumps({**request, "id": 5, "decision": "none"})
    result = CliRunner().invoke(dmn, ["evaluate", "--batch"], input=line)
    assert json.loads(result.output).keys() == {"id", "error"}
