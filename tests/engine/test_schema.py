"""What BPMN's schema and its rules for gateways refuse."""

import pytest

from processes.engine import ModelErrors, parse_model
from tests.engine.models import Drawing


def gateway(direction, *, into=1, out=2):
    drawing = Drawing().start().node("exclusiveGateway", "x", gatewayDirection=direction)
    drawing.node("parallelGateway", "fork").flow("start", "fork")
    for number in range(into):
        drawing.flow("fork", "x", id_=f"in{number}")
    for number in range(out):
        drawing.end(f"end{number}").flow("x", f"end{number}", "=true", id_=f"out{number}")
    return drawing


def faults(drawing):
    with pytest.raises(ModelErrors) as caught:
        parse_model(drawing.xml())
    return [(error.element, error.message) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("direction", "into", "out"),
    [("Diverging", 1, 2), ("Converging", 2, 1), ("Mixed", 2, 2), ("Unspecified", 1, 1)],
)
def test_gateway_is_sound_when_its_flows_fit_its_direction(direction, into, out):
    assert parse_model(gateway(direction, into=into, out=out).xml())


@pytest.mark.parametrize(
    ("direction", "into", "out"),
    [("Diverging", 2, 2), ("Diverging", 1, 1), ("Converging", 1, 1), ("Mixed", 1, 2)],
)
def test_gateway_is_refused_when_its_flows_do_not_fit_its_direction(direction, into, out):
    [(element, message)] = faults(gateway(direction, into=into, out=out))
    assert element == "x"
    assert f"marked as {direction}" in message


def test_direction_is_refused_when_there_is_no_such_one():
    assert ("x", "gatewayDirection is 'Sideways'.") in faults(gateway("Sideways"))


@pytest.mark.parametrize("identifier", ["1st", "a b", "x?", "é:1"])
def test_id_is_refused_when_xml_allows_no_such_one(identifier):
    drawing = Drawing().start().node("task", identifier).path("start", identifier)
    assert any("none that XML allows" in message for _, message in faults(drawing))


@pytest.mark.parametrize("identifier", ["_1", "größe", "a.b-c"])
def test_id_is_sound_when_xml_allows_it(identifier):
    drawing = Drawing().start().node("task", identifier)
    drawing.parts.append(f'<sequenceFlow id="f" sourceRef="start" targetRef="{identifier}"/>')
    assert parse_model(drawing.xml())


def listed(kind, flow):
    drawing = Drawing().start().node("task", "t", f"<{kind}>{flow}</{kind}>").end()
    return drawing.path("start", "t", "end")


def test_listed_flow_is_sound_when_it_is_connected():
    assert parse_model(listed("incoming", "start-t").xml())
    assert parse_model(listed("outgoing", "t-end").xml())


@pytest.mark.parametrize(
    ("kind", "flow"), [("incoming", "t-end"), ("incoming", "none"), ("outgoing", "start-t")]
)
def test_listed_flow_is_refused_when_it_is_not_connected(kind, flow):
    [(element, message)] = faults(listed(kind, flow))
    assert element == "t"
    assert f"lists {flow} as {kind}" in message


def test_association_is_refused_when_it_leads_nowhere():
    drawing = Drawing().start().end().path("start", "end").associate("start", "nothing")
    assert faults(drawing)[0][0] == "start.nothing"


def test_end_that_is_hardly_meant_is_warned_about():
    drawing = Drawing().start().node("intermediateThrowEvent", "on").path("start", "on")
    drawing.node("exclusiveGateway", "x").flow("start", "x")
    assert [one.element for one in parse_model(drawing.xml()).warnings] == ["on", "x"]
