"""Whole pages, as the program answers a browser: session, rights, statements, template.

They are asked for in this process, so all that is left out is the socket.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy import event, text

from app import create_app
from benchmarks.measuring import Row, ms, percentile, seconds_of
from services.actors import Actor
from services.platform import Platform

_CALLS = 40
_WARM_UP = 5


class Reader:
    """Somebody who is signed in and asks for pages."""

    def __init__(self, platform: Platform, actor: Actor) -> None:
        self._platform = platform
        self._client = create_app(platform).test_client()
        self._sign_in(actor)

    def row(self, what: str, path: str, target_seconds: float, note: str) -> Row:
        """Return the row of a page that is asked for again and again."""
        for _ in range(_WARM_UP):
            self._ask(path)
        count = self._statements(path)
        times = [seconds_of(lambda: self._ask(path)) for _ in range(_CALLS)]
        slow = percentile(times, 0.95)
        return Row(
            what,
            f"p95 {ms(slow)}, median {ms(percentile(times, 0.5))}, {count} statements",
            f"< {target_seconds * 1000:.0f} ms",
            slow < target_seconds,
            f"{note}the whole request but for the socket",
        )

    def _ask(self, path: str) -> None:
        status = self._client.get(path).status_code
        if status != HTTPStatus.OK:
            raise RuntimeError(f"{path} answers {status}")

    def _statements(self, path: str) -> int:
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.append(statement)

        event.listen(self._platform.engine, "before_cursor_execute", note)
        self._ask(path)
        event.remove(self._platform.engine, "before_cursor_execute", note)
        return len(asked)

    def _sign_in(self, actor: Actor) -> None:
        """Begin a session without a password: nobody knows those of made-up people."""
        with self._platform.reader() as database:
            epoch = database.scalar(
                text("SELECT session_epoch FROM users WHERE id = :key"), {"key": actor.user_id}
            )
        now = datetime.now(UTC).isoformat()
        with self._client.session_transaction() as session:
            session.update(_user_id=str(actor.user_id), _fresh=True)
            session.update(epoch=epoch, began_at=now, seen_at=now)


def measure_pages(platform: Platform, actor: Actor, account_id: UUID) -> list[Row]:
    """Return the rows of a long account's page, of a list and of the board."""
    reader = Reader(platform, actor)
    return [
        reader.row(
            "Page of an account with 5,000 timeline entries",
            f"/accounts/{account_id}",
            0.12,
            "with its ten related lists, tree, tasks, mails and the form's choices; ",
        ),
        reader.row("Page of the list of contacts", "/contacts", 0.12, "50 records, the newest; "),
        reader.row("Page of the board", "/deals/board", 0.2, "20 cards a column; "),
    ]
