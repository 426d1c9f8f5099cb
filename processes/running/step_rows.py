"""The statement that saves a step: snapshot, history, and the tasks that came up or ended.

Every step writes these, so they go in one round trip. The text never changes with the number of
rows: they travel as one JSON document, and the server keeps the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm.attributes import set_committed_value

from processes.running.instance_tables import ProcessInstance
from services.database import to_json_text
from services.statements import Statement
from services.unit_of_work import UnitOfWork

_SAVE = Statement(
    """
    WITH step AS MATERIALIZED (SELECT CAST(%(step)s AS jsonb) AS doc),
    closed AS (
      UPDATE work_items AS w
      SET state = c.reason, ended_at = %(now)s, ended_by_id = %(user)s, ended_by = %(actor)s,
          version = w.version + 1
      FROM step, jsonb_to_recordset(step.doc -> 'closed') AS c(token text, reason text)
      WHERE w.instance_id = %(instance)s AND w.token_id = c.token AND w.state = 'open'
      RETURNING w.id),
    unqueued AS (
      DELETE FROM queue_entries AS q USING closed WHERE q.work_item_id = closed.id),
    opened AS (
      INSERT INTO work_items
        (id, version, instance_id, version_id, token_id, process_key, element_id, name, form_id,
         state, assignee_id, candidate_groups, candidate_users, due_at, sort_due_at,
         follow_up_at, priority, rank, record_type, record_id, variables, created_at)
      SELECT t.id, 1, %(instance)s, t.version_id, t.token_id, t.process_key, t.element_id, t.name,
             t.form_id, 'open', t.assignee_id, t.candidate_groups, t.candidate_users, t.due_at,
             t.sort_due_at, t.follow_up_at, t.priority, t.rank, t.record_type, t.record_id,
             t.variables, %(now)s
      FROM step, jsonb_to_recordset(step.doc -> 'opened') AS t(
        id uuid, version_id uuid, token_id text, process_key text, element_id text, name text,
        form_id text, assignee_id uuid, candidate_groups uuid[], candidate_users uuid[],
        due_at timestamptz, sort_due_at timestamptz, follow_up_at timestamptz, priority int,
        rank int, record_type text, record_id uuid, variables jsonb)),
    queued AS (
      INSERT INTO queue_entries (queue_id, work_item_id, sort_due_at, rank)
      SELECT e.queue_id, e.work_item_id, e.sort_due_at, e.rank
      FROM step, jsonb_to_recordset(step.doc -> 'queued') AS e(
        queue_id uuid, work_item_id uuid, sort_due_at timestamptz, rank int)),
    told AS (
      INSERT INTO history
        (instance_id, at, actor, kind, process_id, element_id, element_type, token_id, details)
      SELECT %(instance)s, %(now)s, %(actor)s, h.kind, h.process, h.element, h.type, h.token,
             coalesce(h.details, '{}'::jsonb)
      FROM step, jsonb_to_recordset(step.doc -> 'history') AS h(
        kind text, process text, element text, type text, token text, details jsonb))
    UPDATE process_instances SET snapshot = %(snapshot)s, state = %(state)s, ended_at = %(ended)s
    WHERE id = %(instance)s
    """
)


@dataclass
class StepRows:
    """What a step writes besides the instance itself.

    Attributes:
        closed: ``{"token", "reason"}`` of each task that ended.
        opened: Columns of each new task.
        queued: Columns of each queue entry of those.
        history: See ``processes.running.history``.
    """

    closed: Sequence[Mapping[str, Any]] = ()
    opened: Sequence[Mapping[str, Any]] = ()
    queued: Sequence[Mapping[str, Any]] = ()
    history: Sequence[Mapping[str, Any]] = field(default_factory=list)


def save_step(
    uow: UnitOfWork, instance: ProcessInstance, rows: StepRows, snapshot: bytes, state: str
) -> None:
    """Write a step in one statement; ``instance`` then shows what is stored.

    Args:
        uow: Of whoever acts.
        instance: Locked, and as it was before.
        rows: What is written besides.
        snapshot: The engine's state after the step.
        state: How the instance stands after it.
    """
    ended = None if state == "running" else uow.now
    document = {
        "closed": rows.closed,
        "opened": rows.opened,
        "queued": rows.queued,
        "history": rows.history,
    }
    _SAVE.run(
        uow.session,
        step=to_json_text(document),
        now=uow.now,
        user=uow.actor.user_id,
        actor=uow.actor.name,
        instance=instance.id,
        snapshot=snapshot,
        state=state,
        ended=ended,
    )
    for name, value in (("snapshot", snapshot), ("state", state), ("ended_at", ended)):
        set_committed_value(instance, name, value)
