"""The conformance table says what the code does."""

import re
from pathlib import Path

from processes.engine.parsing.vocabulary import (
    EVENT_DEFINITIONS,
    GLOBAL_TASKS,
    NODE_ATTRIBUTES,
    REFUSED_NODES,
)

TEXT = (Path(__file__).parents[2] / "docs" / "bpmn.md").read_text()
EXECUTED, REFUSED = TEXT.split("## Refused")


def test_every_executed_element_stands_in_the_table():
    names = {*NODE_ATTRIBUTES, *EVENT_DEFINITIONS, *GLOBAL_TASKS}
    events = {name for name in names if name.endswith("Event")}
    assert [name for name in sorted(names - events) if f"`{name}`" not in EXECUTED] == []


def test_every_refused_element_stands_in_the_table():
    assert [name for name in REFUSED_NODES if f"`{name}`" not in REFUSED] == []
    assert [name for name in REFUSED_NODES if f"`{name}`" in EXECUTED] == []


def test_every_row_names_tests_that_are_there():
    files = set(re.findall(r"`(test_\w+\.py)`", TEXT))
    assert [name for name in sorted(files) if not Path(__file__).with_name(name).exists()] == []
    rows = [line for line in EXECUTED.splitlines() if line.startswith("| `")]
    assert [row for row in rows if "test_" not in row] == []
