"""Values that a diagram gives to operations, held against those that there are.

What an argument's schema can't take is refused at deployment. Here it is about what administrators
add and take away, such as stages: a value that there is not yet may be there when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from processes.deploying.findings import Finding
from processes.engine.process_model import Process
from services.arguments import CHOICES
from services.operations import all_operations


def warn_of_choices(process: Process, file: str | None = None) -> Iterator[Finding]:
    """Yield the values written out in inputs of operations that there are not."""
    operations = {one.name: one for one in all_operations() if one.name in process.service_types}
    for node in process.nodes.values():
        operation = operations.get(node.work.type)
        if operation is None:
            continue
        arguments = operation.schema().load_fields
        for line in node.inputs:
            argument = arguments.get(line.target)
            known = None if argument is None else argument.metadata.get(CHOICES)
            value = _literal(line.source)
            if known is not None and value is not None and value not in known:
                message = f"There is no {line.target} called {value}."
                advice = f"Use one of {', '.join(known)}."
                yield Finding(message, file, node.id, node.line, advice)


def _literal(source: str) -> str | None:
    """Return the text that a source stands for; None if it is computed."""
    if not source.startswith("="):
        return source or None
    text = source.removeprefix("=").strip()
    inner = text[1:-1]
    is_text = len(text) > 1 and text[0] == text[-1] == '"' and not set(inner) & set('"\\')
    return inner if is_text else None
