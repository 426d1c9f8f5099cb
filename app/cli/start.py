"""``flask start``: everything an installation needs, on one machine, with one command."""

from __future__ import annotations

import os
import socket
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from typing import Final

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from app.cli.database import database_url
from app.cli.running import in_transaction
from app.context import platform
from app.supervisor import Child, Supervisor, UnstableChildError
from config import ROOT, Settings
from processes.deploying.deployments import list_deployments
from processes.deploying.findings import ModelRejected
from processes.deploying.shipped import deploy_folder
from services.actors import SYSTEM
from services.demo import DEMO_PASSWORD, seed_demo
from services.essentials import seed_essentials
from services.mail.loopback import LoopbackMail
from services.migrations import migrate
from services.people.model import User
from services.platform import Platform
from services.unit_of_work import UnitOfWork

_WEB_THREADS: Final = 16
_HEALTHY_SECONDS: Final = 30.0
_SHIPPED: Final = (ROOT / "bpmn", ROOT / "forms")


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)
@click.option("--port", envvar="PORT", default=8000, show_default=True, type=int)
@with_appcontext
def start(host: str, port: int) -> None:
    """Bring everything up to date and run web server and worker until SIGTERM or Ctrl+C."""
    _check_port(host, port)
    found = platform()
    migrate(database_url(found))
    is_first = prepare(found)
    # glibc gives each thread a heap of its own and keeps what is freed there: with the web server's
    # threads that is twice the memory, and no quicker.
    environ = {"MALLOC_ARENA_MAX": "2", **os.environ}
    environ |= {"DATABASE_URL": database_url(found), "HOST": host, "PORT": str(port)}
    mail = _start_mail(found.settings)
    if mail is not None:
        environ["SMTP_URL"] = mail.url
    children = _children(host, port, environ)
    welcome = partial(_welcome, found, host, port, is_first=is_first)
    try:
        Supervisor(children).run(welcome)
    except UnstableChildError as error:
        raise click.ClickException(str(error)) from error
    finally:
        if mail is not None:
            mail.stop()


def prepare(platform: Platform) -> bool:
    """Put in what is missing: essentials, and on the first start processes and a demo's data.

    What ships is deployed only where nothing ever was: an analyst's later version must not be
    followed by the shipped one at the next start.

    Returns:
        Whether nobody could sign in before.
    """
    in_transaction(seed_essentials)
    is_first = in_transaction(lambda uow: uow.session.scalar(select(User.id).limit(1)) is None)
    try:
        platform.transact(SYSTEM, _deploy_shipped, source="cli")
    except ModelRejected as error:
        lines = "\n".join(str(finding) for finding in error.findings)
        raise click.ClickException(f"{error.message}\n{lines}") from error
    if is_first and platform.settings.environment == "demo":
        seed_demo(platform)
    return is_first


def _deploy_shipped(uow: UnitOfWork) -> None:
    if not list_deployments(uow, limit=1):
        deploy_folder(uow, _SHIPPED, "Shipped with Lanewise")


def _check_port(host: str, port: int) -> None:
    """Refuse to start where another program listens already.

    Raises:
        ClickException: The port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"Port {port} of {host} can't be used: {error.strerror}. "
                "Stop what uses it, or choose another one, as in: make run PORT=8001"
            ) from error


def _start_mail(settings: Settings) -> LoopbackMail | None:
    """Start the mail server of the demo, which keeps every mail in a folder."""
    if settings.smtp_url or settings.environment != "demo":
        return None
    mail = LoopbackMail(settings.instance_path / "mail")
    mail.start()
    return mail


def _children(host: str, port: int, environ: dict[str, str]) -> list[Child]:
    """Return the production web server and the worker."""
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host]
    web += ["--port", str(port), "--workers", "1", "--blocking-threads", str(_WEB_THREADS)]
    web += ["--no-ws", "--log-level", "error", "--workers-kill-timeout", "5", "wsgi:app"]
    worker = [sys.executable, "-m", "flask", "worker"]
    return [Child("web server", web, environ), Child("worker", worker, environ)]


def _welcome(platform: Platform, host: str, port: int, *, is_first: bool) -> None:
    """Say where the program is, once it answers."""
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}"
    if not _answers(f"{address}/healthz"):
        click.echo("The web server does not answer; see the log above.", err=True)
        return
    click.echo(f"\nLanewise runs at {address}")
    if platform.settings.environment == "demo":
        click.echo(f"\nSign in with the password {DEMO_PASSWORD} as")
        people = platform.transact(SYSTEM, _people, source="cli")
        width = max((len(person.email) for person in people), default=0)
        for person in people:
            groups = ", ".join(group.name for group in person.groups)
            what = ", ".join(person.roles) + (f" ({groups})" if groups else "")
            click.echo(f"  {person.email.ljust(width)}  {person.name}, {what}")
    elif is_first:
        click.echo("Nobody can sign in yet: flask user create EMAIL NAME --role administrator")
    click.echo("\nStop it with Ctrl+C.")


def _people(uow: UnitOfWork) -> list[User]:
    return list(uow.session.scalars(select(User).where(User.active).order_by(User.created_at)))


def _answers(url: str) -> bool:
    """Tell whether the web server answers before long."""
    deadline = time.monotonic() + _HEALTHY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own address
                return bool(response.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    return False
