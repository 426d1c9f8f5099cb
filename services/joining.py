"""Sets that several people change at once, such as who belongs to a group: all changes count."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Final, TypeVar

Member = TypeVar("Member", bound=Hashable)

MOST_MEMBERS: Final = 5_000
SEEN: Final = {
    "title": "Seen",
    "description": "What it was when this was decided: only what differs from that is changed. "
    "All of it is replaced if this is left out.",
}
"""What is said of the argument that holds what was seen."""


def joined(
    present: Collection[Member], given: Collection[Member], seen: Collection[Member] | None
) -> set[Member]:
    """Return a set as it is after somebody, who had seen it as ``seen``, has made it ``given``.

    What somebody else has added to it or taken from it since stays so. With None for ``seen`` it
    is what was given.
    """
    if seen is None:
        return set(given)
    added, taken = set(given) - set(seen), set(seen) - set(given)
    return (set(present) | added) - taken
