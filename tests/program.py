"""The whole program as people run it: `flask start` as a process, on a database of its own."""

from __future__ import annotations

import email
import email.policy
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import psycopg
from sqlalchemy import Engine

from config import ROOT
from services.clock import AdjustableClock
from services.database import create_database_engine

PASSWORD = "lanewise-demo"
PATIENCE_SECONDS = 120.0
"""How long anything may take that does come about: a busy machine takes its time."""

Found = TypeVar("Found")

# Never set: waiting on it gives the other processes a moment between two looks.
_MOMENT = threading.Event()


@dataclass
class Program:
    """A running installation.

    Attributes:
        url: Where its pages are.
        process: The supervisor; web server and worker are its children.
        mail_folder: Where the loopback mail server files what it accepted.
    """

    url: str
    database_url: str
    mail_folder: Path
    process: subprocess.Popen[bytes]
    engine: Engine
    log: Path

    def advance(self, **delta: float) -> datetime:
        """Move the clock of every process of the installation forward."""
        return AdjustableClock(lambda: self.engine).advance(timedelta(**delta))

    def answers(self) -> bool:
        """Whether its web server is up and ready."""
        return is_ready(self.url)

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        """Return the mails that the loopback server accepted, oldest first."""
        files = sorted(self.mail_folder.rglob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        parsed = [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in files
        ]
        return [mail for mail in parsed if to is None or to in str(mail["To"])]

    def receive_mail(self, mail: EmailMessage) -> int:
        """Hand a raw mail to the program, as a mail server's pipe does; return the status."""
        token = (self.mail_folder.parent / "mail_hook_token.txt").read_text(encoding="ascii")
        request = urllib.request.Request(  # noqa: S310 - our own program
            f"{self.url}/hooks/mail",
            data=mail.as_bytes(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:  # noqa: S310
            return int(response.status)

    def scalar(self, statement: str) -> object:
        """Return one value of the installation's database."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            row = connection.execute(statement).fetchone()  # type: ignore[call-overload]
        return row[0] if row else None


def eventually(
    look: Callable[[], Found], *, within_seconds: float = PATIENCE_SECONDS, why: str = ""
) -> Found:
    """Call ``look`` until it returns something true; what runs in other processes needs time."""
    deadline = time.monotonic() + within_seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            reason = why() if callable(why) else why
            raise AssertionError(f"not within {within_seconds} s: {reason or look}")
        _MOMENT.wait(0.05)


@contextmanager
def running_program(database_url: str, folder: Path, **environ: str) -> Iterator[Program]:
    """Start the program on an empty database and stop it at the end."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = folder / "program.log"
    env = {
        **os.environ,
        "LANEWISE_ENV": "demo",
        "LANEWISE_CLOCK": "adjustable",
        "LANEWISE_INSTANCE": str(folder),
        "DATABASE_URL": database_url,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": url,
        **environ,
    }
    flask = Path(sys.executable).with_name("flask")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [flask, "start"], cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT
        )
    engine = create_database_engine(database_url, pool_size=2)
    try:
        wait_until_healthy(url, process, log)
        yield Program(url, database_url, folder / "mail", process, engine, log)
    finally:
        engine.dispose()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the program answers; fail with its log if it ends or takes minutes."""

    def answers() -> bool:
        if process.poll() is not None:
            raise AssertionError(f"the program ended:\n{log.read_text()[-4000:]}")
        return is_ready(url)

    eventually(answers, within_seconds=240, why=f"{url} answers; see {log}")


def is_ready(url: str) -> bool:
    """Whether a program answers at ``url`` and says that it is ready."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=20) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on.

    It is below the ports that the system hands out by itself: one of those could go to
    another listener before the program has bound it.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
