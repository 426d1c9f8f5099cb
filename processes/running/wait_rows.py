"""The statements that write what an instance waits for: timers, subscriptions and calls.

A timer that fires and is set anew keeps its token, so what is over goes in a statement of its own,
before what has come up. A step that waits for none of these writes neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.database import to_json_text
from services.statements import Statement
from services.unit_of_work import UnitOfWork

_REMOVE = Statement(
    """
    WITH gone AS MATERIALIZED (
      SELECT g.kind, g.token FROM jsonb_to_recordset(%(gone)s::jsonb) AS g(kind text, token text)),
    timers AS (
      DELETE FROM timers AS t USING gone
      WHERE t.instance_id = %(instance)s AND t.token_id = gone.token AND gone.kind = 'timer'),
    subscriptions AS (
      DELETE FROM subscriptions AS s USING gone
      WHERE s.instance_id = %(instance)s AND s.token_id = gone.token
        AND gone.kind = 'subscription')
    DELETE FROM pending_calls AS c USING gone
    WHERE c.instance_id = %(instance)s AND c.token_id = gone.token AND gone.kind = 'call'
    """
)

_ADD = Statement(
    """
    WITH new AS MATERIALIZED (SELECT %(new)s::jsonb AS doc),
    timers AS (
      INSERT INTO timers (id, instance_id, token_id, element_id, due_at, repeat, taken)
      SELECT t.id, %(instance)s, t.token_id, t.element_id, t.due_at, t.repeat, false
      FROM new, jsonb_to_recordset(new.doc -> 'timers') AS t(
        id uuid, token_id text, element_id text, due_at timestamptz, repeat text)),
    subscriptions AS (
      INSERT INTO subscriptions (id, instance_id, token_id, element_id, kind, name, key_hash)
      SELECT s.id, %(instance)s, s.token_id, s.element_id, s.kind, s.name, s.key_hash
      FROM new, jsonb_to_recordset(new.doc -> 'subscriptions') AS s(
        id uuid, token_id text, element_id text, kind text, name text, key_hash text))
    INSERT INTO pending_calls (key, instance_id, token_id, element_id, operation, called_at, failed)
    SELECT c.key, %(instance)s, c.token_id, c.element_id, c.operation, %(now)s, false
    FROM new, jsonb_to_recordset(new.doc -> 'calls') AS c(
      key text, token_id text, element_id text, operation text)
    """
)


@dataclass
class WaitRows:
    """What an instance has come to wait for, as columns.

    Attributes:
        gone: ``{"kind", "token"}`` of what it does not wait for any more; a kind is ``timer``,
            ``subscription`` or ``call``.
    """

    gone: Sequence[Mapping[str, str]]
    timers: Sequence[Mapping[str, Any]]
    subscriptions: Sequence[Mapping[str, Any]]
    calls: Sequence[Mapping[str, Any]]


def save_waits(uow: UnitOfWork, instance_id: UUID, rows: WaitRows) -> None:
    """Write the rows in at most two statements."""
    if rows.gone:
        _REMOVE.run(uow.session, instance=instance_id, gone=to_json_text(rows.gone))
    if rows.timers or rows.subscriptions or rows.calls:
        new = {"timers": rows.timers, "subscriptions": rows.subscriptions, "calls": rows.calls}
        _ADD.run(uow.session, instance=instance_id, now=uow.now, new=to_json_text(new))
