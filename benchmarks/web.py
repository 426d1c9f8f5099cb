"""The program as its users meet it: start, memory, first page, tasks claimed and completed."""

from __future__ import annotations

import multiprocessing
import re
import statistics
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from benchmarks.measuring import Row, ms, percentile
from benchmarks.models import ANSWER_FORM, personal
from benchmarks.place import deploy, do, open_place
from benchmarks.program import Program, running_program
from benchmarks.visitor import Visitor
from services.actors import SYSTEM
from services.demo import DEMO_PASSWORD
from services.embedded import start_embedded_server
from services.people.model import User
from services.people.passwords import hash_password
from services.platform import Platform
from services.unit_of_work import UnitOfWork

PEOPLE = 8
SECONDS = 10.0
WARM_UP_SECONDS = 2.0
_ASSET = re.compile(rb"""(?:src|href)="(/static/dist/[^"#]+)""")
_IMPORT = re.compile(rb"""(?:import|from)\s*"\./([^"]+\.js)\"""")
_FONT = re.compile(rb"url\(([^)]+\.woff2)\)")

Person = tuple[str, str, str]
"""An e-mail address, a task to begin with, and the loopback address of the person's browser.

Requests are counted by address, so people who share one would be taken for a single busy program.
"""

_spawn = multiprocessing.get_context("spawn")


def measure(_platform: Platform) -> list[Row]:
    """Return the rows about the whole program, which has a database of its own."""
    with running_program() as program:
        people = _invite(program)
        rows = [_start(program), _weight(program, people[0]), *_completions(program, people)]
        rows.insert(1, _memory(program))
    return rows


def _invite(program: Program) -> list[Person]:
    """Give each of some new people a task that comes again; return who they are."""
    url = start_embedded_server(program.folder)
    platform = open_place(url, str(program.folder))
    deploy(platform, [personal(), ANSWER_FORM])
    people = [f"person{number}@lanewise.example" for number in range(PEOPLE)]

    def add(uow: UnitOfWork) -> None:
        hashed = hash_password(DEMO_PASSWORD)
        for email in people:
            name = email.partition("@")[0]
            user = User(
                email=email, name=name, password_hash=hashed, roles=["employee"], scope="own"
            )
            uow.add(user)

    platform.transact(SYSTEM, add)
    tasks = [_begin(platform, email) for email in people]
    platform.close()
    addresses = [f"127.0.0.{number + 2}" for number in range(PEOPLE)]
    return list(zip(people, tasks, addresses, strict=True))


def _begin(platform: Platform, email: str) -> str:
    raw = {"process_key": "personal", "variables": {"who": email}}
    instance = do(platform, SYSTEM, "instance.start", raw)["instance_id"]
    with platform.engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT id FROM work_items WHERE instance_id = %s", (instance,)
        )
        return str(found.scalar_one())


def _start(program: Program) -> Row:
    taken = program.start_seconds
    note = "empty folder: database server, tables, demo data, shipped processes, web server"
    return Row("From `flask start` to the first page", f"{taken:.1f} s", "< 10 s", taken < 10, note)


def _memory(program: Program) -> Row:
    found = program.memory()
    total = sum(found.values()) / 2**20
    parts = ", ".join(f"{name} {taken / 2**20:.0f}" for name, taken in found.items())
    return Row(
        "Memory of web server, worker and supervisor after the load",
        f"{total:.0f} MB ({parts})",
        "< 400 MB",
        total < 400,
        "proportional set size; PostgreSQL not included",
    )


def _weight(program: Program, person: Person) -> Row:
    """Count the bytes of the inbox and of everything it loads, as a new browser asks for it."""
    visitor = Visitor(program.port, person[0], DEMO_PASSWORD, person[2])
    packed = {"Accept-Encoding": "br, gzip"}
    _, page = visitor.ask("GET", "/", headers=packed)
    plain = visitor.ask("GET", "/")[1]
    sizes = {"/": len(page)}
    waiting = [path.decode() for path in _ASSET.findall(plain)]
    while waiting:
        path = waiting.pop()
        if path in sizes:
            continue
        sizes[path] = len(visitor.ask("GET", path, headers=packed)[1])
        waiting += _needed_by(path, visitor.ask("GET", path)[1])
    visitor.close()
    total = sum(sizes.values()) / 1024
    return Row(
        "First load of the inbox over the wire",
        f"{total:.0f} KB in {len(sizes)} files",
        "< 250 KB",
        total < 250,
        "page, style sheets, scripts that they import at once, icons and fonts; compressed",
    )


def _needed_by(path: str, content: bytes) -> list[str]:
    folder = path.rpartition("/")[0]
    if path.endswith(".js"):
        return [f"{folder}/{name.decode()}" for name in _IMPORT.findall(content)]
    if path.endswith(".css"):
        found = (name.decode().strip("'\"") for name in _FONT.findall(content))
        return [name if name.startswith("/") else f"{folder}/{name}" for name in found]
    return []


def _completions(program: Program, people: Sequence[Person]) -> list[Row]:
    """Claim and complete tasks: by one person, then by all at once."""
    alone = _work(program.port, people[:1])
    together = _work(program.port, people[1:])
    one = statistics.median(alone)
    rate = len(together) / SECONDS
    return [
        Row(
            "One person's completion over HTTP",
            f"median {ms(one)}, p95 {ms(percentile(alone, 0.95))}",
            "median ≤ 8 ms",
            one <= 0.008,
            "of the request, by a session's cookie; it answers with the next task",
        ),
        Row(
            f"Completions a second over HTTP, {PEOPLE - 1} people at once",
            f"{rate:.0f} a second, median {ms(statistics.median(together))}",
            "≥ 200 a second",
            rate >= 200,
            "each task is claimed first, so there are twice as many requests",
        ),
    ]


def _work(port: int, people: Sequence[Person]) -> list[float]:
    """Let another process be these people; return the seconds of each completion."""
    results = _spawn.Queue()
    process = _spawn.Process(target=_be_people, args=(port, people, results))
    process.start()
    taken: list[float] = results.get(timeout=SECONDS + 60)
    process.join()
    return taken


def _be_people(port: int, people: Sequence[Person], results: Any) -> None:
    taken: list[float] = []
    ready = threading.Barrier(len(people))
    threads = [
        threading.Thread(target=_be_person, args=(port, person, ready, taken)) for person in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(taken)


def _be_person(port: int, person: Person, ready: threading.Barrier, taken: list[float]) -> None:
    email, task, address = person
    visitor = Visitor(port, email, DEMO_PASSWORD, address)
    ready.wait()
    counted = time.perf_counter() + WARM_UP_SECONDS
    end = counted + SECONDS
    while time.perf_counter() < end:
        claimed, _ = visitor.post_json(f"/api/v1/tasks/{task}/claim", {})
        begin = time.perf_counter()
        body = {"data": {"answer": "x"}}
        status, answer = visitor.post_json(f"/api/v1/tasks/{task}/complete", body)
        if counted < begin < end:
            taken.append(time.perf_counter() - begin)
        if (claimed, status) != (HTTPStatus.OK, HTTPStatus.OK):
            raise RuntimeError(f"{email} can't go on: {claimed}, {status}")
        task = answer["next_task_id"]
    visitor.close()
