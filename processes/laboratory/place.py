"""Where diagrams are played: the whole program on a database that keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from config import Settings
from processes.deploying.definitions import Definitions
from processes.deploying.process_checks import Requirements
from processes.laboratory.hosting import NoRequirements, PlayedHosts
from processes.laboratory.models import PlayedDefinitions
from processes.running.host import InstanceHosts
from services.clock import VirtualClock
from services.database import create_database_engine
from services.platform import Platform
from services.throwaway import empty_database, throwaway_server


class Laboratory:
    """The production runtime with a virtual clock, and nothing that diagrams could refer to.

    Attributes:
        platform: The program; its zone is UTC, so that dates mean the same on every machine.
        max_jobs: How many messages, timers and jobs one request may have.
        max_seconds: How long one request may compute.
    """

    max_jobs = 5_000
    max_seconds = 15.0

    def __init__(self, settings: Settings, database_url: str) -> None:
        self.clock = VirtualClock(datetime.now(UTC))
        settings = replace(settings, database_url=database_url, timezone=ZoneInfo("UTC"))
        engine = create_database_engine(database_url)
        self.platform = Platform(settings, engine, self.clock)
        self.platform.put_part(Requirements, NoRequirements())
        self._emptying = psycopg.connect(database_url, autocommit=True)
        self.platform.put_part(Definitions, PlayedDefinitions())
        self._is_empty = True

    def forget(self) -> None:
        """Forget all that was played."""
        if not self._is_empty:
            empty_database(self._emptying)
            # No version comes again: what is kept of them would only fill the memory.
            self.platform.put_part(Definitions, PlayedDefinitions())
            self._is_empty = True

    def start_anew(self, now: datetime) -> PlayedHosts:
        """Forget all that was played, and return what answers for what is not there."""
        self.forget()
        self._is_empty = False
        self.clock.move_to(now.astimezone(UTC))
        hosts = PlayedHosts()
        self.platform.put_part(InstanceHosts, hosts)
        return hosts

    def close(self) -> None:
        """Give the database connections back."""
        self._emptying.close()
        self.platform.close()


@contextmanager
def open_laboratory(settings: Settings) -> Iterator[Laboratory]:
    """Set up a laboratory on a throw-away database while the block runs."""
    with throwaway_server(kept_servers(settings)) as url:
        laboratory = Laboratory(settings, url)
        try:
            yield laboratory
        finally:
            laboratory.close()


def kept_servers(settings: Settings) -> Path:
    """Return the folder in which prepared throw-away servers are kept."""
    return settings.instance_path / "throwaway"
