"""The web application on an empty installation with one person of each kind."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from app import create_app
from app.context import PLATFORM, SESSION_CLOCK
from app.limits import LIMITS
from config import ROOT, Settings
from services.actors import SYSTEM
from services.clock import SystemClock
from services.essentials import seed_essentials
from services.operations import run
from services.people.model import User, find_group
from services.people.passwords import hash_password
from services.platform import Platform
from tests.beginnings import begin_with
from tests.conftest import FrozenClock

PASSWORD = "correct horse battery"
PEOPLE = {
    "employee": ("anna@lanewise.example", "Anna Berg", ["employee"], ["Sales"], "team"),
    "colleague": ("boris@lanewise.example", "Boris Demir", ["employee"], ["Sales"], "team"),
    "manager": ("maria@lanewise.example", "Maria Holm", ["employee"], ["Managers"], "all"),
    "desk": ("sven@lanewise.example", "Sven Aydin", ["employee"], ["Service"], "team"),
    "analyst": ("ada@lanewise.example", "Ada Moen", ["analyst"], [], "all"),
    "administrator": ("olga@lanewise.example", "Olga Nilsen", ["administrator"], [], "all"),
}
_ASSET = re.compile(r"""asset(?:_tags)?\(["'](.+?)["']\)""")
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Browser:
    """A test client that behaves like a browser: it sends the token of the form it sees."""

    client: FlaskClient
    _seen: str = ""

    @property
    def csrf(self) -> str:
        """The token of the last form; most tests see a page of their own before they send."""
        if not self._seen:
            self.get("/profile")
        return self._seen

    def get(self, url: str, **options: Any) -> TestResponse:
        response = self.client.get(url, **options)
        if found := _TOKEN.search(response.text if response.mimetype == "text/html" else ""):
            self._seen = found.group(1)
        return response

    def post(self, url: str, **data: Any) -> TestResponse:
        return self.client.post(url, data={"csrf_token": self.csrf, **data})

    def send(self, method: str, url: str, body: Any) -> TestResponse:
        """Send JSON the way an island does."""
        headers = {"X-CSRFToken": self.csrf, "Accept": "application/json"}
        return self.client.open(url, method=method, json=body, headers=headers)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        response = self.post("/sign-in", email=email, password=password)
        if response.status_code == HTTPStatus.FOUND:
            self._seen = ""  # the new session has another
        return response


@pytest.fixture(scope="session", autouse=True)
def quiet_log() -> None:
    """Leave only warnings and faults in the output of a failed test."""
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


@pytest.fixture(scope="session")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for the built front end, so that pages don't need Node to be tested."""
    folder = tmp_path_factory.mktemp("dist")
    source = (ROOT / "frontend/src/icons.ts").read_text(encoding="utf-8")
    names = re.findall(r'"([a-z0-9-]+)"', source)
    names += [f"{name}-filled" for name in names]
    symbols = "".join(f'<symbol id="{name}"></symbol>' for name in names)
    (folder / "icons.svg").write_text(f"<svg>{symbols}</svg>", encoding="utf-8")
    manifest = {"icons.svg": {"file": "icons.svg"}}
    for template in (ROOT / "app/templates").rglob("*.html"):
        for name in _ASSET.findall(template.read_text(encoding="utf-8")):
            manifest[name] = {"file": name.replace(".ts", ".js")}
            (folder / manifest[name]["file"]).touch()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def session_clock() -> FrozenClock:
    """The clock that sign-ins age by."""
    return FrozenClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of everybody's password, made once: it is meant to take long."""
    return hash_password(PASSWORD)


@pytest.fixture
def people(platform: Platform, password_hash: str) -> dict[str, str]:
    """Key of each person, by what it is here."""

    def work(uow):
        seed_essentials(uow)
        keys = {}
        for kind, (email, name, roles, groups, scope) in PEOPLE.items():
            user = User(
                email=email, name=name, roles=roles, scope=scope, password_hash=password_hash
            )
            user.groups = [find_group(uow, group) for group in groups]
            keys[kind] = str(uow.add(user).id)
        return keys

    return begin_with(platform, "people", lambda: platform.transact(SYSTEM, work))


@pytest.fixture(scope="session")
def built_app(settings: Settings, engine: Engine, front_end: Path) -> Flask:
    """The application, built once: its thousand routes take most of a second."""
    return create_app(Platform(settings, engine, SystemClock()), front_end=front_end)


@pytest.fixture
def app(
    built_app: Flask, platform: Platform, people: dict[str, str], session_clock: FrozenClock
) -> Flask:
    """The application on this test's database, as if nobody had called it before."""
    built_app.extensions[PLATFORM] = platform
    built_app.extensions[SESSION_CLOCK] = session_clock
    built_app.extensions[LIMITS].counters.reset()
    return built_app


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app.test_client())


@pytest.fixture
def browse(app: Flask) -> Callable[[str], Browser]:
    """Open a browser in which the person of this kind is signed in."""

    def open_(kind: str) -> Browser:
        browser = Browser(app.test_client())
        assert browser.sign_in(PEOPLE[kind][0]).status_code == 302
        return browser

    return open_


@pytest.fixture
def api(app: Flask) -> Callable[[str], Callable[..., TestResponse]]:
    """Call the API with a token of the person of this kind."""

    def as_(kind: str) -> Callable[..., TestResponse]:
        client = app.test_client(use_cookies=False)
        answer = client.post("/api/v1/token", json={"email": PEOPLE[kind][0], "password": PASSWORD})
        headers = {"Authorization": f"Bearer {answer.json['token']}"}

        def call(
            method: str, path: str, body: Any = None, key: str | None = None, **options: Any
        ) -> TestResponse:
            sent = headers if key is None else {**headers, "Idempotency-Key": key}
            return client.open(f"/api/v1{path}", method=method, json=body, headers=sent, **options)

        return call

    return as_


@pytest.fixture
def as_person(platform: Platform, people: dict[str, str]) -> Callable[..., Any]:
    """Run an operation as the person of this kind."""

    def run_as(kind: str, name: str, arguments: dict[str, Any]) -> Any:
        def work(uow):
            actor = uow.get(User, UUID(people[kind])).actor()
            return run(uow.acting_as(actor), name, arguments)

        return platform.transact(SYSTEM, work, source="test")

    return run_as


@pytest.fixture
def lead_of(as_person: Callable[..., Any]) -> Callable[..., str]:
    """Make a lead of the person of this kind and return its key."""

    def make(kind: str, **values: Any) -> str:
        return str(as_person(kind, "lead.create", {"name": "Kari Nordmann", **values}).id)

    return make
