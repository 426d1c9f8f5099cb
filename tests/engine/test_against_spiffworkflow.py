"""The same random processes in plain, in-memory SpiffWorkflow: the same tasks and variables.

Only what both support: its joins lose count in loops, and its parser knows one level of
sub-processes.
"""

import random
from collections import Counter

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.util.task import TaskState

from tests.engine.models import Play
from tests.engine.test_random_models import Builder, blocks

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def depth_of(block, kind):
    inner = [part for part in block[1:] if isinstance(part, list | tuple)]
    below = [depth_of(each, kind) for blocks in inner for each in blocks]
    return max(below, default=0) + (block[0] == kind)


def without_borders(xml):
    """Return the file without boundary events, and with conditions in Python syntax."""
    root = etree.fromstring(xml)
    gone = {each.get("id") for each in root.iter(f"{BPMN}boundaryEvent")}
    gone |= {f"{each}".replace("late", "gone") for each in gone}
    for each in list(root.iter(f"{BPMN}*")):
        if each.get("id") in gone or each.get("sourceRef") in gone:
            each.getparent().remove(each)
    for condition in root.iter(f"{BPMN}conditionExpression"):
        condition.text = condition.text.removeprefix("=").capitalize()
    return etree.tostring(root)


def play_in_spiffworkflow(xml, order):
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(xml))
    workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
    done = Counter()
    workflow.do_engine_steps()
    while ready := workflow.get_tasks(state=TaskState.READY, manual=True):
        task = order.choice(ready)
        done[task.task_spec.bpmn_id] += 1
        task.set_data(**{task.task_spec.bpmn_id: done.total()})
        task.run()
        workflow.do_engine_steps()
    assert workflow.is_completed()
    return done, set(workflow.data)


@settings(max_examples=80)
@given(blocks(), st.integers(0, 2**32))
def test_random_process_does_the_same_as_in_spiffworkflow(block, seed):
    assume(depth_of(block, "twice") == 0)
    assume(depth_of(block, "sub") <= 1)
    builder = Builder()
    first, last = builder.add(block)
    builder.drawing.start().end().flow("start", first).flow(last, "end")
    theirs, names = play_in_spiffworkflow(
        without_borders(builder.drawing.xml()), random.Random(seed)
    )
    play = Play(builder.drawing)
    done = Counter()
    order = random.Random(seed + 1)
    while play.state == "running":
        task = order.choice([view for view in play.tokens if view.waits_for == "task"])
        done[task.element_id] += 1
        play.do("complete", task.token_id, {task.element_id: done.total()})
    assert done == theirs
    assert set(play.variables) == names
