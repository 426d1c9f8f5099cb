import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from app.cli.dmn import dmn
from processes.deploying.definitions import Definitions
from processes.laboratory import Laboratory, answer_lines, decide_request
from tests.engine.models import Drawing, extension, looped, mapped, on, timer
from tests.laboratory import check_request, run_request, shared_laboratory

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
    steps = [{"message": "paid", "payload": {"a": 1}}, {"advance": "P1Y"}, {"complete": "ask"}]
    answer = play(drawing, *steps)
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


def test_step_is_tried_again_when_its_retry_is_due():
    cycle = "<camunda:failedJobRetryTimeCycle>R3/PT10M</camunda:failedJobRetryTimeCycle>"
    inside = extension(cycle) + "<script>1 + x</script>"
    drawing = Drawing().start().node("scriptTask", "s", inside, scriptFormat="python")
    drawing.path("start", "s")
    assert play(drawing)["waiting"] == [
        {"element": "s", "type": "retry", "due": "2026-03-02T09:10:00+00:00"}
    ]
    answer = play(drawing, {"advance": "PT20M"})
    assert (answer["status"], answer["waiting"]) == ("failed", [])
    assert [one["element"] for one in answer["incidents"]] == ["s"]


def test_process_that_stands_still_runs_on_when_nothing_failed():
    drawing = Drawing().start().task("a").task("b").end()
    drawing.node("exclusiveGateway", "choice").node("parallelGateway", "join")
    drawing.path("start", "choice").flow("choice", "a", "=true").flow("choice", "b", "=false")
    drawing.flow("a", "join").flow("b", "join").path("join", "end")
    answer = play(drawing, {"complete": "a"})
    assert answer["status"] == "running"
    assert [one["element"] for one in answer["incidents"]] == ["join"]


def test_who_waits_is_told_of_a_signal_when_others_begin_by_it():
    drawing = Drawing().declare('<signal id="s" name="go"/>')
    drawing.start("begun", on("signal", "s")).node(
        "intermediateCatchEvent", "told", on("signal", "s")
    )
    drawing.path("begun", "told")
    answer = play(drawing, {"signal": "go"}, {"signal": "go"})
    assert answer["trace"] == ["begun", "told", "begun"]


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


def test_nothing_of_a_request_is_left_when_the_next_one_comes():
    drawing = Drawing().message("m", "lead").start("start", on("message", "m"))
    drawing.node("receiveTask", "wait", messageRef="m").path("start", "wait")
    play(drawing, {"message": "lead"}, {"message": "lead"}, {"message": "lead"})
    assert play(asking(), {"message": "lead"})["trace"] == ["start"]
    again = play(drawing, {"message": "lead"})
    assert (again["trace"], again["status"]) == (["start"], "running")


def test_no_version_is_kept_in_memory_when_the_next_request_comes():
    play(asking())
    first = shared_laboratory().platform.part(Definitions)
    assert play(asking())["status"] == "running"
    assert shared_laboratory().platform.part(Definitions) is not first


@pytest.fixture
def few_jobs(monkeypatch):
    monkeypatch.setattr(Laboratory, "max_jobs", 20)


@pytest.mark.usefixtures("few_jobs")
def test_play_ends_with_an_error_when_messages_follow_one_another_for_ever():
    drawing = Drawing().message("m", "ping").start("start", on("message", "m"))
    drawing.node("intermediateThrowEvent", "send", on("message", "m")).path("start", "send")
    answer = play(drawing, {"message": "ping"}, {"message": "ping"})
    assert answer["status"] == "failed"
    [error] = answer["errors"]
    assert "More than 20 messages and timers follow." in error["message"]


@pytest.mark.usefixtures("few_jobs")
def test_play_ends_with_an_error_when_timers_fire_for_ever():
    drawing = asking().boundary("tick", "ask", timer("R/PT1S", "timeCycle"), cancelActivity="false")
    drawing.end("ticked").flow("tick", "ticked")
    answer = play(drawing, {"advance": "P1Y"}, {"complete": "ask"})
    assert (answer["status"], len(answer["errors"])) == ("failed", 1)
    assert answer["trace"].count("tick") == 20


def test_play_ends_with_an_error_when_it_takes_too_long(monkeypatch):
    monkeypatch.setattr(Laboratory, "max_seconds", 0)
    answer = play(asking().message("m", "x"), {"message": "x"})
    assert (answer["status"], len(answer["errors"])) == ("failed", 1)


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"model": 5},
        {"model": "/"},
        {"model": "<a\ud800/>"},
        {"model": "<a>" * 100_000},
        {"model": None},
        {"model": " \n"},
        {"variables": [1]},
        {"variables": {"a": "\ud800"}},
        {"process": ["p"]},
        {"steps": 1},
    ],
)
def test_request_is_refused_when_a_part_of_it_is_of_the_wrong_kind(request_):
    given = {"model": asking().xml().decode(), **request_} if request_ else {}
    answer = run_request(given, NOW)
    assert answer["status"] == "refused"
    assert answer["errors"]
    assert json.dumps(answer)


@pytest.mark.parametrize("model", ["", None, 5, ["<a/>"]])
def test_check_says_so_when_there_is_no_model(model):
    (error,) = check_request({"id": 1, "model": model})["errors"]
    assert "no model" in error["message"]


@pytest.mark.parametrize(
    "step",
    [1, {"complete": 3}, {"complete": "ask", "with": 5}, {"start": []}, {"advance": "P9999Y"}],
)
def test_step_is_an_error_when_it_is_of_the_wrong_kind(step):
    answer = play(asking(), step, {"complete": "ask"})
    assert (answer["status"], len(answer["errors"])) == ("completed", 1)


def test_odd_text_is_kept_when_it_is_in_a_variable():
    answer = play(asking(), {"complete": "ask", "with": {"n": "a\0b"}})
    assert answer["variables"] == {"n": "a\0b"}


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


def test_a_file_of_decisions_is_checked_like_a_diagram(tmp_path):
    file = tmp_path / "d.dmn"
    file.write_text(DMN)
    answer = {"id": None, "ok": True, "errors": [], "warnings": []}
    assert check_request({"model": str(file)}) == answer
    file.write_text(DMN.replace("n * 2", "n * m"))
    (warning,) = check_request({"model": str(file)})["warnings"]
    assert "nothing is called `m` here" in warning["message"]
    assert not check_request({"model": DMN.replace("n * 2", "n *")})["ok"]


def test_line_is_answered_when_the_program_fails():
    def fail(request):
        raise LookupError(request["id"])

    assert list(answer_lines(['{"id": 7}', "{}"], fail)) == [
        '{"id": 7, "error": "The program failed: LookupError."}',
        '{"id": null, "error": "The program failed: KeyError."}',
    ]
