"""Settings, read once from the environment and handed to the layers below.

Nothing below ``wsgi.py`` reads the environment: whoever needs a setting is given it.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parent
_MOST_PROCESSES = 4
"""Each takes memory and up to a few connections to the database; more are for who asks."""


class ConfigurationError(RuntimeError):
    """A setting is missing or wrong; the program must not start with it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between one installation and another.

    Attributes:
        database_url: A libpq URL, or None for the embedded server under ``instance_path``.
        environment: ``demo`` (the default: demo data and generated secrets), ``test`` or
            ``production`` (every secret must be given, cookies are Secure).
        public_url: What links in mails begin with; no trailing slash.
        smtp_url: ``smtp://[user:password@]host:port`` or ``smtps://…``; None means that no
            server is named and mails end in an incident.
        mail_hook_token: The bearer token of the inbound mail hook.
        adjustable_clock: Whether ``flask clock`` may move the time (never in production).
        trusted_proxies: How many reverse proxies stand in front, each of which adds the client's
            address to ``X-Forwarded-For``; with 0 that header counts for nothing.
        web_processes: How many processes of the web server answer requests.
        office_program: LibreOffice's ``soffice``, which makes PDFs of Word files; None where there
            is none.
    """

    environment: str
    instance_path: Path
    database_url: str | None
    secret_key: str
    public_url: str
    smtp_url: str | None
    mail_from: str
    mail_hook_token: str
    timezone: ZoneInfo
    adjustable_clock: bool
    request_limit_bytes: int = 16 * 1024 * 1024
    trusted_proxies: int = 0
    web_processes: int = 1
    office_program: Path | None = None

    @property
    def is_production(self) -> bool:
        """Whether the strict rules for secrets and cookies hold."""
        return self.environment == "production"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ`` (the process environment if None).

    Raises:
        ConfigurationError: A value is missing in production, or can't be understood.
    """
    env = os.environ if environ is None else environ
    environment = env.get("LANEWISE_ENV", "demo")
    if environment not in {"demo", "test", "production"}:
        raise ConfigurationError(f"LANEWISE_ENV is {environment!r}; use demo, test or production")
    instance_path = Path(env.get("LANEWISE_INSTANCE", ROOT / "instance")).resolve()
    host, port = env.get("HOST", "127.0.0.1"), env.get("PORT", "8000")
    return Settings(
        environment=environment,
        instance_path=instance_path,
        database_url=env.get("DATABASE_URL") or None,
        secret_key=_secret(env, "SECRET_KEY", environment, instance_path),
        public_url=env.get("PUBLIC_URL", f"http://{host}:{port}").rstrip("/"),
        smtp_url=env.get("SMTP_URL") or None,
        mail_from=env.get("MAIL_FROM", "Lanewise <crm@lanewise.example>"),
        mail_hook_token=_secret(env, "MAIL_HOOK_TOKEN", environment, instance_path),
        timezone=ZoneInfo(env.get("LANEWISE_TIMEZONE", "UTC")),
        adjustable_clock=environment != "production" and env.get("LANEWISE_CLOCK") == "adjustable",
        trusted_proxies=_count(env, "TRUSTED_PROXIES"),
        web_processes=_count(env, "WEB_PROCESSES") or _cores(),
        office_program=_office_program(env),
    )


def _count(env: Mapping[str, str], name: str) -> int:
    """Read a small whole number, 0 if it is not given."""
    text = env.get(name) or "0"
    if text not in set("0123456789"):
        raise ConfigurationError(f"{name} is {text!r}; use a number from 0 to 9")
    return int(text)


def _office_program(env: Mapping[str, str]) -> Path | None:
    """Return the office program that is named, or the one that the machine has."""
    if named := env.get("OFFICE_PROGRAM"):
        path = Path(named)
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise ConfigurationError(f"OFFICE_PROGRAM is {named!r}, which can't be run")
        return path
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return None if found is None else Path(found)


def _cores() -> int:
    """Return how many processes keep the machine's cores busy, within reason."""
    return min(os.cpu_count() or 1, _MOST_PROCESSES)


def _secret(env: Mapping[str, str], name: str, environment: str, instance_path: Path) -> str:
    """Take a secret from the environment, or keep a generated one outside production."""
    if value := env.get(name):
        return value
    if environment == "production":
        raise ConfigurationError(f"{name} must be set in production")
    path = instance_path / f"{name.lower()}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="ascii") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")
