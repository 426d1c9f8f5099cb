"""What reads a large table finds its rows by an index, however the server judges their number."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from sqlalchemy import text

from services.activities.agenda import my_agenda
from services.mail.threads import find_threads
from services.records.timeline import timeline_of

# Of each page there is the server then expects a million rows, whatever tests before have left.
_THOUGHT_LARGE = text(
    "UPDATE pg_class SET relpages = 1, reltuples = 1000000 WHERE oid = CAST(:table AS regclass)"
)
_PARAMETER = re.compile(r"%\((\w+)\)s")


def _scans(plan):
    """Yield each reading of a table in a plan."""
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", ()):
        yield from _scans(part)


def _unguided(uow, statement, table):
    """Return how a statement's plan reads ``table`` without a condition on one of its indexes."""
    places = defaultdict(lambda: len(places) + 1)
    numbered = _PARAMETER.sub(lambda name: f"${places[name[1]]}", statement)
    uow.session.execute(text("SET LOCAL enable_seqscan = off"))
    thought_large = uow.session.begin_nested()
    uow.session.execute(_THOUGHT_LARGE, {"table": table})
    asked = f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered}"
    cursor = uow.session.connection().connection.cursor()
    plan = cursor.execute(asked.encode()).fetchone()[0][0]["Plan"]
    thought_large.rollback()
    return [
        scan["Node Type"]
        for scan in _scans(plan)
        if scan["Relation Name"] == table
        and "Index Cond" not in scan
        and scan["Node Type"] != "Bitmap Heap Scan"
    ]


_READ = [
    (lambda uow, keys: timeline_of(uow, "contact", keys["contact"]), "timeline_entries"),
    (lambda uow, keys: timeline_of(uow, "account", keys["account"]), "timeline_entries"),
    (lambda uow, keys: timeline_of(uow, "deal", keys["deal"]), "timeline_entries"),
    (lambda uow, keys: find_threads(uow, keys["contact"]), "mails"),
    (lambda uow, _keys: my_agenda(uow), "activities"),
]


@pytest.mark.parametrize("who", ["maria", "anna"])
def test_rows_are_found_by_an_index_when_a_large_table_is_read(staff, who):
    account = staff.do("account.create", who, name="Nordlys")
    contact = staff.do("contact.create", who, last_name="Lund", account_id=account.id)
    deal = staff.do("deal.create", who, name="D", account_id=account.id, contact_id=contact.id)
    staff.do("activity.create", who, kind="task", subject="Call")
    about = {"record_type": "contact", "record_id": str(contact.id)}
    staff.do("mail.send", who, **about, to="eva@nordlys.example", subject="s", body="b")
    keys = {"account": account.id, "contact": contact.id, "deal": deal.id}
    for place, (read, table) in enumerate(_READ):
        with staff.counting() as statements:
            staff.ask(read, keys, actor=who)
        asked = [one for one in statements if f"FROM {table}" in one]
        assert asked, place
        assert [staff.ask(_unguided, one, table) for one in asked] == [[]] * len(asked), place
