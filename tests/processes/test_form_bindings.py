"""What the forms of a process may show and write of its record."""

import pytest

from processes.deploying.findings import ModelRejected
from tests.processes.world import form, one_task, user_task, with_properties


def deploy(world, *fields):
    drawing = with_properties(one_task(inner=user_task("f", candidateGroups="Sales")), "deal")
    return world.deploy(drawing, form("f", *fields))


def test_a_form_shows_what_the_record_relates_to(world):
    fields = (
        {"key": "deal.account.name", "readonly": True},
        {"key": "deal.stage", "readonly": True},
    )
    assert deploy(world, *fields)


@pytest.mark.parametrize(
    "key", ["deal.colour", "deal.account.name", "deal.stage", "deal.colour.of.it"]
)
def test_a_form_is_refused_when_it_writes_what_no_operation_takes(world, key):
    with pytest.raises(ModelRejected):
        deploy(world, {"key": key})


def test_a_form_is_refused_when_it_shows_what_the_record_does_not_have(world):
    with pytest.raises(ModelRejected):
        deploy(world, {"key": "deal.colour", "readonly": True})
