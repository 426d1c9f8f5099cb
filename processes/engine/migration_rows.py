"""A snapshot in the terms of another version."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from processes.engine.elements.base import Element
from processes.engine.errors import Blocker
from processes.engine.migration_plan import Names

Record = dict[str, Any]


class Translator:
    """Writes the ids of one version for those of another.

    Attributes:
        blockers: What has no counterpart and can't be left out.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self.blockers: list[Blocker] = []

    def head(self, head: dict[str, Any], own: Collection[str]) -> dict[str, Any]:
        """Return the head of a snapshot.

        Args:
            head: See `snapshot`.
            own: The tokens of the instance's own process; called ones stay on their version.
        """
        new, [first, *others] = self._names.new, head["processes"]
        processes = [[new.process_id, new.version], *others]
        # A process that calls itself stays on the old version where it is called.
        calls_itself = any(row[2] == 0 and row[0] not in own for row in head["tokens"])
        at = len(processes)
        if calls_itself:
            processes.append(first)
        tokens = []
        for row in head["tokens"]:
            if row[0] in own:
                tokens.append(self._row(row))
            elif row[2] == 0:
                tokens.append([*row[:2], at, *row[3:]])
            else:
                tokens.append(row)
        return {**head, "processes": processes, "tokens": tokens}

    def _row(self, row: list[Any]) -> list[Any]:
        token_id, parent, process, name, state, role, phase, flow, since, notes, variables = row
        old = self._names.old.element(name)
        new = self._names.element(old)
        if new is None:
            return row  # noted among the blockers already
        flow = flow and (self._names.flow(flow) or flow)
        notes = {key: self._note(key, value, old, new) for key, value in notes.items()}
        return [
            token_id,
            parent,
            process,
            new.name,
            state,
            role,
            phase,
            flow,
            since,
            notes,
            variables,
        ]

    def _note(self, key: str, value: Any, old: Element, new: Element) -> Any:
        if key in ("undo", "plan"):
            return [self._record(record) for record in value]
        if key == "started":
            return dict(self._started(*entry) for entry in value.items())
        if key == "next" and old.node.ad_hoc is not None:
            return self._next(value, old, new)
        return value

    def _record(self, record: Record) -> Record:
        """Return what can be undone; see `compensation`."""
        activity = self._names.node(record["activity"])
        if activity is None:
            self._block(record["activity"], "It was done, and the new version can't undo it.")
            return record
        found = {**record, "activity": activity}
        if "handler" in record:
            undone_by = self._names.new.element(activity).undone_by
            if undone_by is None:
                self._block(record["activity"], "It was done, and the new version can't undo it.")
                return record
            found["boundary"], found["handler"] = undone_by
        elif "process" not in record:  # what a called process did stays in its own terms
            found["done"] = [self._record(one) for one in record["done"]]
            found["event"] = self._event(record)
        return found

    def _event(self, record: Record) -> str | None:
        if record["event"] is None:
            return None
        found = self._names.node(record["event"])
        if found is None:
            self._block(record["event"], "It would undo what was done; say what takes its place.")
        return found

    def _started(self, gateway: str, flows: list[str]) -> tuple[str, list[str]]:
        found = self._names.node(gateway)
        if found is None:
            self._block(gateway, "The new version does not have it: say what takes its place.")
            return gateway, flows
        return found, [self._names.flow(flow) or flow for flow in flows]

    def _next(self, value: int, old: Any, new: Any) -> int:
        """Return which of an ad-hoc sub-process's activities is next."""
        if value == 0 or value >= len(old.starts):
            return value and len(new.starts)
        begun = self._names.element(old.starts[value - 1])
        if begun in new.starts:
            return int(new.starts.index(begun)) + 1
        self._block(old.node.id, "The order of the activities in it is another one.")
        return value

    def _block(self, element_id: str, message: str) -> None:
        self.blockers.append(Blocker(element_id, message))
