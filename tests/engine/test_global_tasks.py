"""Tasks that processes share (BPMN 2.0.2 §10.3.6)."""

from processes.engine import compile_process, parse_model
from tests.engine.models import Drawing, FakeHost, Play, assigned


def calling(task):
    drawing = Drawing().declare(task).start().node("callActivity", "call", calledElement="shared")
    model = parse_model(drawing.end().path("start", "call", "end").xml())
    host = FakeHost(specs={"shared": compile_process(model, "shared")})
    return Play(compile_process(model, "p"), {"n": 1}, host)


def test_global_user_task_waits_when_it_is_called():
    play = calling(
        f'<globalUserTask id="shared" name="Ask">{assigned(assignee="ada")}</globalUserTask>'
    )
    assert play.waiting == ["shared"]
    play.complete("shared", ok=True)
    assert (play.trace, play.variables) == (
        ["start", "shared", "call", "end"],
        {"n": 1, "ok": True},
    )


def test_global_script_task_runs_when_it_is_called():
    script = '<globalScriptTask id="shared" scriptLanguage="python"><script>n = n + 1</script>'
    assert calling(f"{script}</globalScriptTask>").variables == {"n": 2}


def test_global_task_is_one_of_the_processes_of_its_file():
    drawing = Drawing().declare('<globalTask id="shared"/>').start().end().path("start", "end")
    model = parse_model(drawing.xml())
    assert [one.is_global_task for one in model.processes.values()] == [False, True]
    assert model.warnings == ()
