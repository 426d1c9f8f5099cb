"""The place with a million contacts: made once, kept, and used again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import text

from benchmarks.place import open_place
from config import ROOT
from services.actors import SYSTEM, Actor
from services.embedded import start_embedded_server
from services.essentials import seed_essentials
from services.migrations import migrate
from services.people.model import find_signed_in
from services.platform import Platform
from services.rights.book import RightsBook
from services.scale.seeding import seed_at_scale

FOLDER: Final = "LANEWISE_BENCH"
"""The variable that names where the data is kept; ``instance/bench`` if it is not set."""


@contextmanager
def scale_platform(scale: float) -> Iterator[Platform]:
    """Give a program on made-up records; making a million contacts takes some minutes once."""
    folder = Path(os.environ.get(FOLDER, ROOT / "instance" / "bench")) / f"scale-{scale:g}"
    folder.mkdir(parents=True, exist_ok=True)
    url = start_embedded_server(folder)
    migrate(url)
    platform = open_place(url, str(folder))
    try:
        platform.transact(SYSTEM, seed_essentials)
        seed_at_scale(platform, scale)
        yield platform
    finally:
        platform.close()


def actors_by_reach(platform: Platform) -> dict[str, Actor]:
    """Return people who see all records, those of a team, and few."""
    people = text(
        "SELECT u.id, u.scope, (SELECT count(*) FROM contacts WHERE owner_id = u.id) AS owned"
        " FROM users u WHERE active AND 'employee' = ANY(roles) ORDER BY owned DESC"
    )
    rows = platform.transact(SYSTEM, lambda uow: uow.session.execute(people).all())
    chosen = {
        "all": next(row.id for row in rows if row.scope == "all"),
        "team": next(row.id for row in rows if row.scope == "team"),
        "few": [row.id for row in rows if row.scope == "own"][-1],
    }
    with platform.reader() as session:
        book = platform.part(RightsBook)
        found = {name: find_signed_in(session, book, key) for name, key in chosen.items()}
    return {name: person.actor for name, person in found.items() if person is not None}
