"""Importing 100,000 contacts: read, looked at in a dry run, de-duplicated and written."""

from __future__ import annotations

import base64
import csv
import io
import random
import time
from functools import partial
from typing import Any

from benchmarks.measuring import Row
from benchmarks.place import do
from processes.jobs.draining import drain
from services.actors import SYSTEM
from services.importing.imports import get_import
from services.importing.model import Import
from services.platform import Platform

ROWS = 100_000
_NAMES = """
    Anna Boris Kari Олег Сарнай Şeyma Işıl Bjørn Magnhild Дмитро Юлія Maricel Jerome
    Berg Demir Nordmann Иванова Батбаяр Yıldız Hansen Шевченко Reyes Ødegård
"""  # noqa: RUF001 - the dotless i is meant
_FIRST, _LAST = (line.split() for line in _NAMES.strip().splitlines())
_POSITIONS = ["Buyer", "Director", "Accountant", "Engineer", "Owner", "Assistant"]
_DOUBLES = 0.02
"""This share of the rows stands in the file twice."""


def measure(platform: Platform) -> list[Row]:
    """Return the row about importing."""
    content = made_file(ROWS)
    taken, one = import_file(platform, content)
    rate = ROWS / sum(taken.values())
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in taken.items())
    assert one.counts["create"] + one.counts["skip"] == ROWS
    return [
        Row(
            f"Import of {ROWS:,} contacts, dry run included",
            f"{rate:,.0f} rows a second ({parts})",
            "≥ 2,000 rows a second; 5,000 as the stretch",
            rate >= 2_000,
            "each row validated, compared with those there and those before it; with timeline, "
            "search text and audit",
        )
    ]


def import_file(platform: Platform, content: str) -> tuple[dict[str, float], Import]:
    """Import a file and return how long each step took, and the import."""
    raw = base64.b64encode(content.encode()).decode()
    arguments: dict[str, Any] = {
        "record_type": "contact",
        "file_name": "contacts.csv",
        "content": raw,
    }
    taken = {}
    one: Any = None
    for step, operation in (("read", "create"), ("dry run", "check"), ("run", "run")):
        if one is not None:
            arguments = {"import_id": str(one.id)}
        if step == "dry run":
            arguments |= {"policy": "create", "match": ["email", "phone"]}
        begin = time.perf_counter()
        made = do(platform, SYSTEM, f"import.{operation}", arguments)
        drain(platform)
        taken[step] = time.perf_counter() - begin
        one = platform.transact(SYSTEM, partial(get_import, import_id=made["import_id"]))
    return taken, one


def made_file(count: int) -> str:
    """Return a CSV file with so many people of several countries."""
    chance = random.Random(7)  # noqa: S311 - names need no secrecy
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["First name", "Last name", "E-mail", "Phone", "Position"])
    rows: list[list[str]] = []
    for number in range(count):
        if rows and chance.random() < _DOUBLES:
            rows.append(chance.choice(rows))
            continue
        phone = f"+47 {20000000 + number:,}".replace(",", " ")
        mail = f"person.{number}@company{number % 5000}.example"
        names = [chance.choice(_FIRST), f"{chance.choice(_LAST)}{chance.choice('abcdefgh')}"]
        rows.append([*names, mail, phone, chance.choice(_POSITIONS)])
    writer.writerows(rows)
    return out.getvalue()
