"""The shipped diagrams, tables and forms fit together, and are drawn so that one can read them."""

from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree

import services.catalogue
from forms import parse_form
from processes.engine import compile_process, parse_model
from services.operations import get_operation

ROOT = Path(__file__).parents[2]
DIAGRAMS = sorted((ROOT / "bpmn").glob("*.bpmn"))
FORMS = {path.stem: path for path in (ROOT / "forms").glob("*.form")}
DECISIONS = {path.stem for path in (ROOT / "bpmn").glob("*.dmn")}

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
OMG_DI = "{http://www.omg.org/spec/DD/20100524/DI}"

pytestmark = pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)


def test_a_diagram_is_executable_without_a_warning(path):
    model = parse_model(path.read_bytes())
    assert model.warnings == ()
    (process,) = model.processes.values()
    assert process.id == path.stem
    compile_process(model, process.id)


def test_a_diagram_names_only_what_ships(path):
    assert services.catalogue
    (process,) = parse_model(path.read_bytes()).processes.values()
    assert process.form_ids <= set(FORMS)
    assert process.decision_ids <= DECISIONS
    for name in process.service_types:
        assert get_operation(name).in_diagrams


def test_every_task_says_what_it_is_for(path):
    (process,) = parse_model(path.read_bytes()).processes.values()
    assert process.documentation
    for task in process.user_tasks:
        assert task.documentation
        assert parse_form(FORMS[task.form_id].read_text()).id == task.form_id


def test_every_element_is_drawn_and_none_covers_another(path):
    root = etree.parse(path).getroot()
    shapes, edges = read_drawing(root)
    drawn = set(shapes) | set(edges)
    elements = {
        node.get("id"): node
        for process in root.iter(f"{BPMN}process")
        for node in process.iter()
        if isinstance(node.tag, str)
        and (
            node.get("sourceRef")
            or node.find(f"{BPMN}incoming") is not None
            or node.find(f"{BPMN}outgoing") is not None
        )
    }
    assert set(elements) <= drawn
    boxes = {
        key: box
        for key, box in shapes.items()
        if key in elements
        and elements[key].tag not in {f"{BPMN}subProcess", f"{BPMN}boundaryEvent"}
    }
    for (one, box), (other, second) in combinations(boxes.items(), 2):
        assert not overlap(box, second), (one, other)


def test_flows_are_right_angled_and_end_at_their_elements(path):
    root = etree.parse(path).getroot()
    shapes, edges = read_drawing(root)
    for flow in root.iter(f"{BPMN}sequenceFlow"):
        points = edges[flow.get("id")]
        assert touches(points[0], shapes[flow.get("sourceRef")]), flow.get("id")
        assert touches(points[-1], shapes[flow.get("targetRef")]), flow.get("id")
        for (x0, y0), (x1, y1) in pairwise(points):
            assert x0 == x1 or y0 == y1, flow.get("id")


def test_choices_are_labelled(path):
    root = etree.parse(path).getroot()
    leaving = {}
    for flow in root.iter(f"{BPMN}sequenceFlow"):
        leaving.setdefault(flow.get("sourceRef"), []).append(flow)
    for gateway in root.iter(f"{BPMN}exclusiveGateway"):
        flows = leaving[gateway.get("id")]
        if len(flows) > 1:
            assert gateway.get("name"), gateway.get("id")
            assert all(flow.get("name") for flow in flows), gateway.get("id")


def read_drawing(root):
    shapes = {}
    for shape in root.iter(f"{DI}BPMNShape"):
        bounds = shape.find(f"{DC}Bounds")
        x, y, width, height = (float(bounds.get(k)) for k in ("x", "y", "width", "height"))
        shapes[shape.get("bpmnElement")] = (x, y, x + width, y + height)
    edges = {
        edge.get("bpmnElement"): [
            (float(point.get("x")), float(point.get("y")))
            for point in edge.findall(f"{OMG_DI}waypoint")
        ]
        for edge in root.iter(f"{DI}BPMNEdge")
    }
    return shapes, edges


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def touches(point, box):
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
