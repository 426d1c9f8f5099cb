"""How many SQL statements whole pages take: signing in, the page itself, counts in the side bar."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from sqlalchemy import event


@pytest.fixture
def cost(platform, browse) -> Callable[[str], int]:
    """Open a page as an employee, and say how many statements that took the second time."""
    page = browse("employee")

    def count(url: str) -> int:
        statements: list[str] = []

        def note(_connection, _cursor, statement, *_rest):
            statements.append(statement)

        page.get(url)
        event.listen(platform.engine, "before_cursor_execute", note)
        assert page.get(url).status_code == 200
        event.remove(platform.engine, "before_cursor_execute", note)
        return len(statements)

    return count


@pytest.fixture
def deal(as_person) -> dict[str, str]:
    """A deal with an account, a contact, a line, a plan and a note."""
    account = as_person("employee", "account.create", {"name": "Alfa", "email": "a@alfa.example"})
    about = {"account_id": str(account.id)}
    contact = as_person("employee", "contact.create", {"last_name": "Nordmann", **about})
    raw = {"name": "Doors", **about, "contact_id": str(contact.id), "amount": "50"}
    key = str(as_person("employee", "deal.create", raw).id)
    plan = {"kind": "call", "subject": "Ask", "starts_at": "2026-03-09T09:00:00Z"}
    as_person(
        "employee", "activity.create", {**plan, "regarding_type": "deal", "regarding_id": key}
    )
    as_person("employee", "note.add", {"record_type": "deal", "record_id": key, "text": "Hello"})
    return {"deal": key, "account": str(account.id)}


PERSON_AND_COUNTS = 3
"""Who asks with its rights, the open tasks, and what nobody has read."""


@pytest.mark.parametrize(
    ("url", "most"),
    [
        # Views, the count, the records, tags, plans, and the names of two relations.
        ("/deals?view=all", PERSON_AND_COUNTS + 7),
        ("/accounts?view=all", PERSON_AND_COUNTS + 6),
        # The names of a filter's people come in one statement for all of them.
        ("/deals?view=all&filter={owners}", PERSON_AND_COUNTS + 8),
        # The record with its stages, people, plans, mails, papers and story.
        ("/deals/{deal}", PERSON_AND_COUNTS + 33),
        ("/accounts/{account}", PERSON_AND_COUNTS + 34),
    ],
)
def test_a_page_costs_few_statements_when_it_is_opened(cost, people, deal, url, most):
    owners = [people[name] for name in ("employee", "colleague", "manager", "desk")]
    where = json.dumps({"field": "owner_id", "op": "in", "value": owners})
    assert cost(url.format(owners=quote(where), **deal)) <= most


def test_a_list_costs_no_more_when_it_shows_more(cost, as_person, deal):
    before = cost("/deals?view=all")
    for number in range(5):
        raw = {"name": f"Door {number}", "account_id": deal["account"]}
        as_person("employee", "deal.create", raw)
    assert cost("/deals?view=all") == before
