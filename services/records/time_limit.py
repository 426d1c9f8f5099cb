"""Reading that may take long, such as looking for a piece of text in a million rows: cut off.

No index finds a piece in the middle of a text, so all rows that are left are read. Whoever asks for
that hears in time that it is too much, and the server goes on to work for others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg.errors import QueryCanceled
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from services.errors import Invalid
from services.filtering.model import Condition, Filter, Related, nodes_of
from services.unit_of_work import UnitOfWork

MOST_SECONDS: Final = 10
_PIECES: Final = frozenset({"contains", "not_contains", "starts", "ends"})
_SET: Final = text("SELECT set_config('statement_timeout', :milliseconds, true)")
_RESET: Final = text("SET LOCAL statement_timeout TO DEFAULT")


class TookTooLong(Invalid):
    """The list would take too long to read."""

    code = "took_too_long"

    def __init__(self) -> None:
        message = (
            f"This takes longer than {MOST_SECONDS} seconds to find. Narrow it by an owner, a "
            "choice or a date too, or look for whole words in the search box: they have an index."
        )
        super().__init__(message)


def may_take_long(filter_: Filter) -> bool:
    """Tell whether a filter asks for what no index holds: pieces of text, or other records."""
    return any(
        isinstance(node, Related)
        or (isinstance(node, Condition) and (bool(node.hops) or node.op in _PIECES))
        for node in nodes_of(filter_.root)
    )


@contextmanager
def within_time(uow: UnitOfWork, filter_: Filter) -> Iterator[None]:
    """Cut each statement of the block off that takes too long, if the filter makes that likely.

    The transaction can be used afterwards. Nothing is asked of the server for other filters.

    Raises:
        TookTooLong: One was cut off.
    """
    if not may_take_long(filter_):
        yield
        return
    try:
        with uow.session.begin_nested():
            uow.session.execute(_SET, {"milliseconds": str(int(MOST_SECONDS * 1000))})
            yield
            uow.session.execute(_RESET)
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            raise TookTooLong from error
        raise
