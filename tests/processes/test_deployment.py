"""Units of diagrams, forms and decisions: what gets a version, what is refused."""

import pytest

from processes.deploying import definitions
from processes.deploying.checks import check_model
from processes.deploying.definition_tables import Deployment, ProcessStart, ProcessVersion, Resource
from processes.deploying.deployments import (
    list_deployments,
    list_processes,
    list_versions,
    version_xml,
)
from processes.deploying.drafts import get_draft
from processes.deploying.findings import ModelRejected
from processes.deploying.shipped import deploy_folder
from processes.deploying.unit import decode_file, xml_bytes
from processes.engine import parse_model
from processes.running.instance_tables import ProcessInstance
from services.actors import SYSTEM
from services.errors import Conflict, NotAllowed, NotFound
from tests.engine.models import Drawing, extension, mapped, on, service
from tests.processes.world import form, one_task, table, user_task, with_properties


def messages(rejected) -> list[str]:
    return [finding.message for finding in rejected.value.findings]


def with_form(process_id: str = "p", name: str = "Ask") -> Drawing:
    return one_task(process_id, name, user_task("f", candidateGroups="Sales"))


def working(type_: str, inputs: dict[str, str] | None = None, record: str = "lead") -> Drawing:
    drawing = with_properties(Drawing("p"), record).start().end()
    return drawing.service("work", type_, mapped(inputs or {})).path("start", "work", "end")


def test_the_same_content_twice_makes_no_new_version(world):
    first = world.deploy(with_form(), form("f", {"key": "a"}))
    again = world.deploy(with_form(), form("f", {"key": "a"}))
    assert (first["is_new"], again["is_new"], again["deployment_id"]) == (True, False, None)
    assert again["processes"][0] == {**first["processes"][0], "is_new": False}
    assert [len(world.rows(model)) for model in (Deployment, Resource, ProcessVersion)] == [1, 2, 1]


def test_new_instances_take_version_2_while_running_ones_stay(world):
    world.deploy(one_task(name="Old"))
    old = world.start("p")
    world.deploy(one_task(name="New"))
    new = world.start("p")
    names = {task.instance_id: task.name for task in world.tasks()}
    assert names == {old: "Old", new: "New"}
    world.complete("Old", "anna")
    assert world.state(old) == "completed"


def test_a_changed_form_makes_a_new_version_of_each_process_that_binds_it(world):
    world.deploy(with_form("p"), with_form("q"), one_task("r"), form("f", {"key": "a"}))
    result = world.deploy(form("f", {"key": "b"}))
    assert [(one["key"], one["version"]) for one in result["processes"]] == [("p", 2), ("q", 2)]
    assert len(world.rows(Resource)) == 5


def test_a_changed_called_process_makes_new_versions_of_its_callers_upwards(world):
    def calling(key: str, called: str) -> Drawing:
        inner = extension(f'<zeebe:calledElement processId="{called}"/>')
        drawing = Drawing(key).start().end().node("callActivity", "call", inner)
        return drawing.path("start", "call", "end")

    world.deploy(calling("top", "middle"), calling("middle", "p"), one_task())
    result = world.deploy(one_task(name="Other"))
    assert [(one["key"], one["version"]) for one in result["processes"]] == [
        ("middle", 2),
        ("p", 2),
        ("top", 2),
    ]
    rows = {(row.key, row.version): row for row in world.rows(ProcessVersion)}
    assert rows["top", 2].bindings["processes"] == {"middle": str(rows["middle", 2].id)}
    assert rows["middle", 2].bindings["processes"] == {"p": str(rows["p", 2].id)}


def test_a_process_that_calls_itself_gets_one_version(world):
    inner = extension('<zeebe:calledElement processId="p"/>')
    drawing = Drawing("p").start().end().end("stop")
    drawing.node("exclusiveGateway", "deeper", default="deeper-stop")
    drawing.node("callActivity", "call", inner).path("start", "deeper", "stop")
    drawing.flow("deeper", "call", "=false").flow("call", "end")
    world.deploy(drawing)
    assert world.deploy(drawing)["is_new"] is False
    (row,) = world.rows(ProcessVersion)
    assert row.bindings["processes"] == {"p": str(row.id)}


def test_nothing_is_written_when_one_file_of_the_unit_is_refused(world):
    with pytest.raises(ModelRejected):
        world.deploy(one_task(), ("broken.bpmn", "<definitions"))
    assert world.rows(Resource) == []


def test_every_fault_is_told_with_file_element_and_line_when_refused(world):
    drawing = with_form()
    drawing.service("work", "no.such").flow("work", "end")
    drawing.flow("start", "work")
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(drawing)
    assert messages(rejected) == [
        "There is no form called f.",
        "There is no operation called no.such.",
    ]
    (finding, _) = rejected.value.findings
    assert (finding.file, finding.element, finding.line) == ("p.bpmn", "ask", 2)
    assert finding.advice
    assert rejected.value.status == 422


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"lead_id": "=lead.id", "colour": "red"}, "has no argument colour"),
        ({"grade": "A"}, "needs the argument lead_id"),
        ({"lead_id": "=lead.id", "status": "nowhere"}, "The value 'nowhere' of status can't be"),
        ({"lead_id": "=lead.id", "score": "many"}, "The value 'many' of score can't be used"),
    ],
)
def test_arguments_are_refused_when_the_operation_would_refuse_them(world, inputs, message):
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(working("lead.update", inputs))
    (found,) = messages(rejected)
    assert message in found


def test_an_operation_is_refused_when_it_is_not_for_diagrams(world):
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(working("user.create"))
    assert messages(rejected) == ["The operation user.create is not for diagrams."]


def test_a_service_task_without_an_operation_is_refused(world):
    drawing = Drawing("p").start().end().node("serviceTask", "work").path("start", "work", "end")
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(drawing)
    assert messages(rejected) == ["The task has no operation to do."]


def test_a_form_field_is_refused_when_the_record_does_not_have_it(world):
    drawing = with_properties(with_form(), "lead")
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(drawing, form("f", {"key": "lead.colour"}))
    assert "a lead has no colour" in messages(rejected)[0]


def test_an_unknown_record_type_is_refused(world):
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(with_properties(one_task(), "dragon"))
    assert messages(rejected) == ["There is no record type called dragon."]


def test_missing_decisions_and_processes_are_refused(world):
    drawing = Drawing("p").start().end()
    decision = extension('<zeebe:calledDecision decisionId="d" resultVariable="x"/>')
    call = extension('<zeebe:calledElement processId="other"/>')
    drawing.node("businessRuleTask", "rule", decision).node("callActivity", "call", call)
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(drawing.path("start", "rule", "call", "end"))
    assert messages(rejected) == [
        "There is no decision called d.",
        "There is no process called other.",
    ]


def test_two_files_with_the_same_process_are_refused(world):
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(one_task(), ("other.bpmn", one_task().xml().decode()))
    assert messages(rejected) == ["The process p also stands in p.bpmn."]


@pytest.mark.parametrize("name", ["p.txt", "p"])
def test_other_kinds_of_files_are_refused(world, name):
    with pytest.raises(ModelRejected) as rejected:
        world.deploy((name, "x"))
    assert messages(rejected) == ["The kind of file is unknown."]


def test_external_entities_are_refused(world):
    xml = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><definitions>&e;</definitions>'
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(("p.bpmn", xml))
    assert "document type" in messages(rejected)[0]


def test_faulty_forms_and_decisions_are_refused(world):
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(("f.form", "{"), ("d.dmn", "<x/>"))
    assert {finding.file for finding in rejected.value.findings} == {"f.form", "d.dmn"}


def test_rights_are_refused_when_the_deployer_lacks_them(world):
    drawing = working("lead.update", {"lead_id": "=lead.id"})
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(drawing, actor="ada")
    assert "you lack the right record:write" in messages(rejected)[0]


def test_an_analyst_keeps_the_rights_that_somebody_granted_before(world):
    world.deploy(working("lead.update", {"lead_id": "=lead.id"}), actor="olga")
    changed = working("lead.update", {"lead_id": "=lead.id", "grade": "A"})
    result = world.deploy(changed, actor="ada")
    assert result["processes"][0]["version"] == 2
    sending = service("mail.send", mapped({"record_type": "lead", "record_id": "=lead.id"}))
    more = working("lead.update", {"lead_id": "=lead.id"})
    more.node("sendTask", "mail", sending).path("start", "mail", "end")
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(more, actor="ada")
    assert any("mail:send" in message for message in messages(rejected))


def test_only_the_rights_that_are_used_are_granted(world):
    world.deploy(working("lead.update", {"lead_id": "=lead.id"}), actor="olga")
    (row,) = world.rows(ProcessVersion)
    assert row.granted == ["record:write"]


def test_employees_neither_deploy_nor_look(world):
    with pytest.raises(NotAllowed):
        world.deploy(one_task(), actor="anna")
    with pytest.raises(NotAllowed):
        world.ask(list_processes, actor="anna")


def test_an_older_version_takes_over_when_the_newest_is_suspended(world):
    world.deploy(one_task(name="Old"))
    world.deploy(one_task(name="New"))
    new = world.ask(list_versions, "p")[0]
    world.do("version.suspend", "olga", version_id=new.id)
    instance = world.start("p")
    assert [task.name for task in world.tasks()] == ["Old"]
    assert [one.is_current for one in world.ask(list_versions, "p")] == [False, True]
    world.do("version.activate", "olga", version_id=new.id)
    world.start("p")
    assert [task.name for task in world.tasks(sort="created")] == ["Old", "New"]
    assert world.row(ProcessInstance, instance).version_id != new.id


def test_nothing_starts_when_all_versions_are_suspended(world):
    world.deploy(one_task())
    (version,) = world.ask(list_versions, "p")
    world.do("version.suspend", "olga", version_id=version.id)
    with pytest.raises(NotFound):
        world.start("p")


def test_deployments_and_processes_are_listed_with_what_they_hold(world):
    world.deploy(with_form(), form("f", {"key": "a"}), actor="olga", note="The first")
    world.start("p")
    (deployment,) = world.ask(list_deployments, actor="ada")
    assert (deployment.note, deployment.actor_name) == ("The first", "Olga Nilsen")
    assert [file["kind"] for file in deployment.files] == ["form", "process"]
    (process,) = world.ask(list_processes, actor="ada")
    assert (process.key, process.version, process.running, process.incidents) == ("p", 1, 1, 0)
    xml = world.ask(version_xml, process.version_id, actor="ada")
    assert xml == with_form().xml().decode()


def test_a_check_tells_errors_and_warnings_and_never_raises(world):
    nobody = one_task(inner=user_task("f"))
    found = world.ask(check_model, nobody.xml().decode(), actor="ada")
    assert [one["message"] for one in found["errors"]] == ["There is no form called f."]
    assert found["errors"][0]["file"] is None
    assert "Nobody is named" in found["warnings"][0]["message"]
    text = form("f", {"key": "a"})[1]
    found = world.ask(check_model, nobody.xml().decode(), {"f": text}, actor="ada")
    assert found["errors"] == []
    assert world.ask(check_model, "<nonsense", actor="ada")["errors"]


def test_a_folder_is_deployed_as_one_unit(world, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "p.bpmn").write_bytes(with_form().xml())
    (tmp_path / "sub" / "f.form").write_text(form("f", {"key": "a"})[1])
    (tmp_path / "README.md").write_text("not deployed")
    result = world.ask(deploy_folder, [tmp_path], "Shipped", actor=SYSTEM)
    assert [one["key"] for one in result["resources"]] == ["p", "f"]
    with pytest.raises(ModelRejected):
        world.ask(deploy_folder, [tmp_path / "nothing.bpmn"], "Missing", actor=SYSTEM)


def test_a_draft_is_kept_when_broken_and_refused_when_another_was_quicker(world):
    first = world.do("draft.save", "ada", process_key="p", xml="<broken")
    with pytest.raises(Conflict) as conflict:
        world.do("draft.save", "olga", process_key="p", xml="<other", version=0)
    assert conflict.value.message == "Ada Moen saved this diagram since you opened it."
    second = world.do("draft.save", "olga", process_key="p", xml="<x", version=first["version"])
    assert second["version"] == first["version"] + 1
    with pytest.raises(ModelRejected):
        world.do("draft.deploy", "ada", process_key="p")


def test_a_draft_is_deployed_with_the_forms_in_force_and_then_gone(world):
    world.deploy(with_form(), form("f", {"key": "a"}))
    draft = world.ask(get_draft, "p", actor="ada")
    assert (draft.version, draft.saved_by) == (0, None)
    xml = with_form(name="Asked anew").xml().decode()
    world.do("draft.save", "ada", process_key="p", xml=xml)
    assert world.ask(get_draft, "p", actor="ada").saved_by == "Ada Moen"
    result = world.do("draft.deploy", "ada", process_key="p", note="A better name")
    assert (result["processes"][0]["version"], result["is_new"]) == (2, True)
    assert world.ask(get_draft, "p", actor="ada").version == 0


def test_a_draft_is_refused_when_its_process_was_renamed(world):
    xml = one_task("other").xml().decode()
    world.do("draft.save", "ada", process_key="p", xml=xml)
    with pytest.raises(ModelRejected) as rejected:
        world.do("draft.deploy", "ada", process_key="p")
    assert "no process with the id p" in messages(rejected)[0]


def test_a_file_is_read_in_the_encoding_that_it_names():
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'
    assert decode_file(text.encode("latin-1")) == text
    assert xml_bytes(text) == '<?xml version="1.0"?><a>é</a>'.encode()
    with pytest.raises(ValueError, match="no such encoding"):
        decode_file(b'<?xml version="1.0" encoding="klingon"?><a/>')


def test_a_decision_is_deployed_alone_without_a_process(world):
    result = world.deploy(table("rate", ("&gt; 10", '"high"')))
    assert result["processes"] == []
    assert result["resources"][0]["is_new"] is True


def test_a_diagram_is_read_once_when_it_is_deployed(world, monkeypatch):
    read = []

    def count(xml, **options):
        read.append(xml)
        return parse_model(xml, **options)

    monkeypatch.setattr(definitions, "parse_model", count)
    world.deploy(one_task())
    world.start("p")
    assert len(read) == 1


@pytest.mark.parametrize("name", ["lead", "instance"])
@pytest.mark.parametrize("place", ["output", "result", "item"])
def test_a_variable_is_refused_when_it_would_hide_the_record(world, name, place):
    drawing = with_properties(Drawing("p"), "lead").start().end()
    if place == "output":
        mapping = f'<zeebe:ioMapping><zeebe:output source="=1" target="{name}"/></zeebe:ioMapping>'
        drawing.node("userTask", "ask", extension(mapping))
    elif place == "result":
        script = f'<zeebe:script expression="=1" resultVariable="{name}"/>'
        drawing.node("scriptTask", "ask", extension(script))
    else:
        loop = (
            "<multiInstanceLoopCharacteristics><extensionElements>"
            f'<zeebe:loopCharacteristics inputCollection="=[1]" inputElement="{name}"/>'
            "</extensionElements></multiInstanceLoopCharacteristics>"
        )
        drawing.node("userTask", "ask", loop)
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(drawing.path("start", "ask", "end"))
    assert f"The variable {name} would hide what the process is about." in messages(rejected)


@pytest.mark.parametrize("kind", ["startEvent", "intermediateCatchEvent"])
def test_the_name_of_a_message_is_refused_when_it_is_too_long(world, kind):
    drawing = Drawing("p").message("m", "x" * 301).end()
    if kind == "startEvent":
        drawing.start(inner=on("message", "m")).path("start", "end")
    else:
        drawing.start().node(kind, "hear", on("message", "m")).path("start", "hear", "end")
    with pytest.raises(ModelRejected) as rejected:
        world.deploy(drawing)
    assert messages(rejected) == ["The name of the message is longer than 300 characters."]


def test_a_task_that_processes_share_is_never_begun_by_itself(world):
    drawing = Drawing("p").declare('<globalUserTask id="shared" name="Ask"/>').start().end()
    drawing.node("callActivity", "call", calledElement="shared")
    world.deploy(drawing.path("start", "call", "end"))
    assert {row.process_key for row in world.rows(ProcessStart)} == {"p"}
    with pytest.raises(Conflict):
        world.start("shared")
