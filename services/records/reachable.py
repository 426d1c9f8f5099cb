"""What records share that can be written to and called: addresses besides the first one."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Mapped, mapped_column, validates

_BETWEEN = "\n"


class Reachable:
    """A record with an e-mail address and a phone number, and perhaps more of them.

    The columns ``email`` and ``phone`` hold the primary ones. All of them, with what is known of
    each, are rows of ``contact_points``, which the database keeps in step with the columns.

    Attributes:
        other_points: Those that are not primary, a line each, so that searching finds them.
    """

    other_points: Mapped[str | None] = mapped_column()

    @validates("email", "phone")
    def _exchange(self, key: str, value: str | None) -> str | None:
        """Let the former primary one take the place of another that becomes primary."""
        others = split_points(self.other_points)
        if value in others:
            former = getattr(self, key)
            kept = [former if point == value else point for point in others]
            self.other_points = join_points(point for point in kept if point)
        return value


def split_points(text: str | None) -> list[str]:
    """Return the lines of ``other_points``."""
    return text.split(_BETWEEN) if text else []


def join_points(points: Iterable[str]) -> str | None:
    """Return ``other_points`` of these lines; None for none."""
    return _BETWEEN.join(points) or None
