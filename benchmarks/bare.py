"""The bare SQL transaction that writes the rows of a completion: what nobody can be faster than."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from benchmarks.measuring import seconds_of
from services.database import new_id

_HISTORY = (
    ("variables", None, None),
    ("completed", "ask", "userTask"),
    ("flow", "ask-again", None),
    ("entered", "again", "exclusiveGateway"),
    ("completed", "again", "exclusiveGateway"),
    ("flow", "again-ask", None),
    ("entered", "ask", "userTask"),
)


class BareCompletion:
    """Completes the task of one instance again and again, with plain prepared statements."""

    def __init__(self, url: str, instance_id: UUID) -> None:
        self._connection = psycopg.connect(url, options="-c timezone=UTC")
        self._instance = instance_id
        found = self._connection.execute(
            "SELECT w.id, w.version_id, i.snapshot, w.candidate_groups FROM work_items w "
            "JOIN process_instances i ON i.id = w.instance_id "
            "WHERE w.instance_id = %s AND w.state = 'open'",
            [instance_id],
        ).fetchone()
        self._connection.commit()
        assert found is not None
        self._task, self._version, self._snapshot, (self._group,) = found

    def complete(self) -> float:
        """Write the rows of one completion and commit; return the seconds that it took."""
        return seconds_of(self._transact)

    def _transact(self) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._write(cursor, datetime.now(UTC), new_id())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _write(self, cursor: psycopg.Cursor[Any], now: datetime, following: UUID) -> None:
        cursor.execute(
            "SELECT i.*, w.* FROM process_instances i JOIN work_items w ON w.instance_id = i.id "
            "WHERE w.id = %s FOR UPDATE OF i, w",
            [self._task],
        ).fetchone()
        cursor.execute(
            "UPDATE work_items SET state = 'completed', ended_at = %s, ended_by = 'Anna Berg', "
            "version = version + 1 WHERE id = %s",
            [now, self._task],
        )
        cursor.execute("DELETE FROM queue_entries WHERE work_item_id = %s", [self._task])
        cursor.execute(
            "INSERT INTO work_items (id, version, instance_id, version_id, token_id, process_key, "
            "element_id, name, form_id, state, candidate_groups, candidate_users, sort_due_at, "
            "priority, rank, variables, created_at) VALUES (%s, 1, %s, %s, 'bare', 'loop', 'ask', "
            "'Ask', 'answer', 'open', %s, '{}', '9999-12-31Z', 50, -50, %s, %s)",
            [following, self._instance, self._version, [self._group], Jsonb({}), now],
        )
        cursor.execute(
            "INSERT INTO queue_entries (queue_id, work_item_id, sort_due_at, rank) "
            "VALUES (%s, %s, '9999-12-31Z', -50)",
            [self._group, following],
        )
        cursor.execute(
            "INSERT INTO history (instance_id, at, kind, process_id, element_id, element_type, "
            "token_id, actor, details) SELECT %s, %s, k, 'loop', e, t, 'bare', 'Anna Berg', %s "
            "FROM unnest(%s::text[], %s::text[], %s::text[]) AS h(k, e, t)",
            [
                self._instance,
                now,
                Jsonb({}),
                *(list(column) for column in zip(*_HISTORY, strict=True)),
            ],
        )
        cursor.execute(
            "INSERT INTO audit_entries (at, actor_name, source, operation, arguments, "
            "changes) VALUES (%s, 'Anna Berg', 'page', 'task.complete', %s, '[]')",
            [now, Jsonb({"task_id": str(self._task), "data": {"answer": "x"}})],
        )
        cursor.execute(
            "UPDATE process_instances SET snapshot = %s WHERE id = %s",
            [self._snapshot, self._instance],
        )
        self._task = following
