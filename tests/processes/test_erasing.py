"""Persons that are erased: what ended processes knew of them."""

from processes.running.instance_tables import ProcessInstance
from tests.engine.models import extension, mapped
from tests.processes.world import one_task, with_properties


def test_an_ended_process_tells_nothing_when_its_person_is_erased(world):
    eva = world.do("contact.create", first_name="Eva", last_name="Lund")
    own = mapped({"text": "=wish"})
    inner = extension(f'<zeebe:assignmentDefinition candidateGroups="Sales"/>{own}')
    world.deploy(with_properties(one_task(inner=inner), "contact"))
    instance = world.start("p", eva.id, wish="Windows for Eva Lund")
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"
    assert {"work_items", "history"} <= _tables_that_tell(world)
    about = {"record_type": "contact", "record_id": str(eva.id), "name": "Eva Lund"}
    world.do("person.erase", "olga", **about, reason="Asked for it")
    assert _tables_that_tell(world) == set()
    assert world.row(ProcessInstance, instance).snapshot == b""


def _tables_that_tell(world):
    tables = ("process_instances", "work_items", "history", "incidents")
    return {
        name
        for name in tables
        if world.sql(f"SELECT FROM {name} AS one WHERE one::text ~* 'eva.?lund'")
    }
