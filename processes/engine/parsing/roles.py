"""Resource roles of a user task as its assignment (BPMN 2.0.2 §10.3.4.1, table 10.15).

A human performer is the assignee; potential owners are candidates, written as Activiti and
Camunda do: `user(anna), group(sales)`, a name alone being a group. A resource is a group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from processes.engine.model import Assignment
from processes.engine.parsing.vocabulary import BPMN
from processes.engine.parsing.xml_values import expression_in, local_name, split, text_of
from processes.engine.xml import Element

_ROLES: Final = ("resourceRole", "performer", "humanPerformer", "potentialOwner")
_NAMED: Final = re.compile(r"(user|group)\(\s*([^()]*?)\s*\)")


def with_roles(given: Assignment, element: Element, resources: Mapping[str, str]) -> Assignment:
    """Return an assignment with what an element's resource roles add where it says nothing.

    Args:
        given: From the extension elements.
        element: The task.
        resources: The names of the file's resources, by id.
    """
    people: list[str] = []
    groups: list[str] = []
    for kind, holder in _roles(element):
        text = _expression(holder)
        reference = local_name(text_of(holder, "resourceRef"))
        if reference:
            groups.append(resources.get(reference, reference))
        elif kind != "potentialOwner" and text and not given.assignee:
            given = replace(given, assignee=text)
        elif text.startswith("=") and not given.candidate_groups:
            given = replace(given, candidate_groups=text)
        elif text:
            for part in _parts(text):
                found = _NAMED.fullmatch(part)
                (people if found and found[1] == "user" else groups).append(
                    found[2] if found else part
                )
    return replace(
        given,
        candidate_groups=given.candidate_groups or ",".join(groups),
        candidate_users=given.candidate_users or ",".join(people),
    )


def _roles(element: Element) -> Iterator[tuple[str, Element]]:
    for child in element.iterchildren(f"{{{BPMN}}}*"):
        kind = split(child.tag)[1]
        if kind in _ROLES:
            yield kind, child


def _expression(holder: Element) -> str:
    inner = holder.find(f"{{{BPMN}}}resourceAssignmentExpression")
    if inner is None:
        return ""
    return expression_in(inner, "formalExpression") or expression_in(inner, "expression")


def _parts(text: str) -> list[str]:
    """Split at commas that are not inside parentheses."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]
