"""``flask start``: everything an installation needs, on one machine, with one command."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Final

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from app.cli.database import database_url
from app.cli.running import in_transaction
from app.context import PLATFORM, platform
from app.forks import share_memory, start_fork
from app.restarts import RESTARTS, Restarts
from app.supervisor import Child, Supervisor, UnstableChildError
from app.web import serve
from config import ROOT, Settings, load_settings
from processes.deploying.deployments import list_deployments
from processes.deploying.findings import ModelRejected
from processes.deploying.shipped import deploy_folder
from processes.jobs.worker import run_worker
from services.actors import SYSTEM
from services.demo import DEMO_PASSWORD, seed_demo
from services.essentials import seed_essentials
from services.mail.loopback import LoopbackMail
from services.migrations import migrate
from services.people.model import User
from services.platform import Platform, open_platform
from services.unit_of_work import UnitOfWork

_HEALTHY_SECONDS: Final = 30.0
_SHIPPED: Final = (ROOT / "bpmn", ROOT / "forms")


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)
@click.option("--port", envvar="PORT", default=8000, show_default=True, type=int)
@with_appcontext
def start(host: str, port: int) -> None:
    """Bring everything up to date and run web server and worker until SIGTERM or Ctrl+C.

    This process becomes the one that all others are forked from: it opens no connection to the
    database and starts no thread, but leaves that to them.
    """
    _check_port(host, port)
    mail = _mail_server(platform().settings)
    _serve_here(host, port, mail)
    _do_apart("prepare", _prepare)
    children = _children(host, port, mail)
    restarts = Restarts([child.name for child in children])
    _app().extensions[RESTARTS] = restarts
    share_memory()
    greeter = start_fork("lanewise-greets", partial(_welcome, host, port))
    try:
        Supervisor(children, restarts).run()
    except UnstableChildError as error:
        raise click.ClickException(str(error)) from error
    finally:
        greeter.kill()


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True)
@click.option("--port", envvar="PORT", default=8000, show_default=True, type=int)
@with_appcontext
def web(host: str, port: int) -> None:
    """Run the web server alone, with as many processes as WEB_PROCESSES says."""
    _check_port(host, port)
    _serve_here(host, port, None)
    share_memory()
    serve(_app(), host, port, platform().settings.web_processes)


def _serve_here(host: str, port: int, mail: LoopbackMail | None) -> None:
    """Let the application work by the address it gets, and on the database that runs now."""
    found = platform()
    environ = {**os.environ, "HOST": host, "PORT": str(port)}
    environ["DATABASE_URL"] = database_url(found)
    found.close()
    if mail is not None:
        environ["SMTP_URL"] = mail.url
    _app().extensions[PLATFORM] = open_platform(load_settings(environ))


def _do_apart(name: str, work: Callable[[], None]) -> None:
    """Do ``work`` in a process of its own, and end as it does if it fails."""
    process = start_fork(f"lanewise-{name}", work)
    try:
        process.join()
    finally:
        process.kill()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def _prepare() -> None:
    try:
        migrate(database_url(platform()))
        prepare(platform())
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from error


def prepare(platform: Platform) -> None:
    """Put in what is missing: essentials, and on the first start processes and a demo's data.

    What ships is deployed only where nothing ever was: an analyst's later version must not be
    followed by the shipped one at the next start.
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


def _mail_server(settings: Settings) -> LoopbackMail | None:
    """Return the mail server of the demo, which keeps every mail in a folder."""
    if settings.smtp_url or settings.environment != "demo":
        return None
    return LoopbackMail(settings.instance_path / "mail")


def _children(host: str, port: int, mail: LoopbackMail | None) -> list[Child]:
    """Return the parts that must run."""
    processes = platform().settings.web_processes
    web_server = Child("lanewise-web", partial(serve, _app(), host, port, processes))
    found = [web_server, Child("lanewise-worker", _work)]
    return found if mail is None else [*found, Child("lanewise-mail", partial(_take_mail, mail))]


def _work() -> None:
    run_worker(platform(), threading.Event())


def _take_mail(mail: LoopbackMail) -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    with mail:
        stopping.wait()


def _app() -> Flask:
    """Return the application itself, for use outside the context of a command."""
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return] # noqa: SLF001 - Flask's documented way


def _welcome(host: str, port: int) -> None:
    """Say where the program is, once it answers."""
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}"
    if not _answers(f"{address}/healthz"):
        click.echo("The web server does not answer; see the log above.", err=True)
        return
    click.echo(f"\nLanewise runs at {address}")
    people = platform().transact(SYSTEM, _people, source="cli")
    if platform().settings.environment == "demo":
        click.echo(f"\nSign in with the password {DEMO_PASSWORD} as")
        width = max((len(person.email) for person in people), default=0)
        for person in people:
            groups = ", ".join(group.name for group in person.groups)
            what = ", ".join(person.roles) + (f" ({groups})" if groups else "")
            click.echo(f"  {person.email.ljust(width)}  {person.name}, {what}")
    elif not people:
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
