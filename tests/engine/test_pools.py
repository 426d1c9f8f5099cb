"""Several pools: message flows and correlation (BPMN 2.0.2 §8.4.2, §9.4)."""

from datetime import UTC, datetime

import pytest

from processes.engine import ModelErrors, parse_model
from tests.engine.models import Drawing, extension, mapped, on
from tests.laboratory import run_request

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def play(drawing, *steps, **settings):
    request = {"model": drawing.xml().decode(), "steps": list(steps), **settings}
    answer = run_request(request, NOW)
    assert answer["errors"] == []
    return answer


def pools(*flows):
    shop = Drawing("shop").start("ordered", on("message")).end("deliver", on("message"))
    drawing = Drawing().start().node("sendTask", "buy").node("receiveTask", "wait")
    drawing.path("start", "buy", "wait").with_process(shop.path("ordered", "deliver"))
    flows = flows or (("order", "buy", "ordered"), ("goods", "deliver", "wait"))
    return drawing.declare(
        '<collaboration id="c"><participant id="us" processRef="p"/>'
        '<participant id="them" processRef="shop"/><participant id="post"/>'
        + "".join(
            f'<messageFlow id="{name}" sourceRef="{source}" targetRef="{target}"/>'
            for name, source, target in flows
        )
        + "</collaboration>"
    )


def test_message_flow_names_the_message_when_its_ends_do_not():
    answer = play(pools())
    assert answer["trace"] == ["start", "buy", "ordered", "deliver", "wait"]
    assert answer["status"] == "completed"


def test_message_of_a_flow_is_used_when_the_flow_has_one():
    drawing = pools().message("m", "order")
    drawing.declared[0] = drawing.declared[0].replace('id="order"', 'id="order" messageRef="m"')
    model = parse_model(drawing.xml())
    assert [one.name for one in model.processes["shop"].start_events] == ["order"]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("buy", "wait", "same pool"),
        ("us", "us", "same pool"),
        ("buy", "nobody", "isn't there"),
        ("ordered", "buy", "sends no message"),
        ("buy", "deliver", "receives no message"),
        ("start", "ordered", "sends no message"),
    ],
)
def test_message_flow_is_refused_when_its_ends_do_not_fit(source, target, message):
    flows = (("order", "buy", "ordered"), ("goods", "deliver", "wait"), ("odd", source, target))
    with pytest.raises(ModelErrors) as caught:
        parse_model(pools(*flows).xml())
    assert any(one.element == "odd" and message in one.message for one in caught.value.errors)


def test_message_flow_may_end_at_a_pool_when_its_inside_is_hidden():
    flows = (("order", "buy", "ordered"), ("goods", "deliver", "wait"), ("note", "buy", "post"))
    assert parse_model(pools(*flows).xml())


CORRELATION = (
    '<collaboration id="c"><correlationKey id="k"><correlationPropertyRef>number'
    "</correlationPropertyRef></correlationKey></collaboration>"
    '<correlationProperty id="number"><correlationPropertyRetrievalExpression messageRef="m">'
    "<messagePath>=order.number</messagePath></correlationPropertyRetrievalExpression>"
    "</correlationProperty>"
)


def asking():
    shop = Drawing("shop").start("go").node("intermediateCatchEvent", "paid", on("message", "m"))
    shop.path("go", "paid").parts.append(
        '<correlationSubscription id="s" correlationKeyRef="k"><correlationPropertyBinding '
        'correlationPropertyRef="number"><dataPath>=mine</dataPath></correlationPropertyBinding>'
        "</correlationSubscription>"
    )
    sent = extension(mapped({"order": "=order"}))
    pay = Drawing().message("m", "paid").declare(CORRELATION).start()
    pay.node("sendTask", "pay", sent, messageRef="m").path("start", "pay")
    return pay.with_process(shop)


def test_message_finds_the_instance_whose_data_have_its_key():
    steps = [{"start": "shop", "variables": {"mine": number}} for number in (1, 2)]
    steps.append({"start": "p", "variables": {"order": {"number": 2}}})
    answer = play(asking(), *steps, process="shop", variables={"mine": 9})
    assert answer["trace"] == ["go", "go", "go", "start", "pay", "paid"]
    assert len(answer["waiting"]) == 2


def test_message_from_outside_finds_its_instance_by_its_correlation():
    answer = play(
        asking(),
        {"message": "paid", "correlation": {"number": 8}},
        {"message": "paid", "correlation": {"number": 9}},
        process="shop",
        variables={"mine": 9},
    )
    assert answer["status"] == "completed"


def test_end_of_a_flow_is_warned_about_when_its_pool_is_only_drawn():
    flows = (("order", "buy", "ordered"), ("goods", "deliver", "wait"), ("odd", "buy", "deliver"))
    drawing = pools(*flows)
    drawing.others[0] = drawing.others[0].replace('isExecutable="true"', 'isExecutable="false"')
    [warning] = parse_model(drawing.xml()).warnings
    assert warning.element == "odd"
