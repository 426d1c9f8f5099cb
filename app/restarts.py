"""How often the parts of the program had to be started again, as all of its processes see it.

The supervisor writes it, the web server tells it: both have mapped the same memory before they
part, since the supervisor opens no connection (decision 15).
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Sequence
from typing import Final

RESTARTS: Final = "lanewise.restarts"
"""Under which the application has them among its extensions; missing without a supervisor."""

_SLOT: Final = struct.Struct("Qd")
"""How often, and when it is started again (Unix time)."""


class Restarts:
    """What is noted of each part that has died."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._table = mmap.mmap(-1, max(1, len(self._names)) * _SLOT.size)

    def note(self, name: str, wait_seconds: float) -> None:
        """Note that a part has died, and how long it takes until it is started again."""
        place = self._names.index(name) * _SLOT.size
        count, _ = _SLOT.unpack_from(self._table, place)
        _SLOT.pack_into(self._table, place, count + 1, time.time() + wait_seconds)

    def told(self) -> dict[str, dict[str, float]]:
        """Return the parts that have died since the start.

        Returns:
            By name: how many `restarts`, and for how many seconds it still waits for the next.
        """
        now = time.time()
        found = {}
        for name, slot in zip(self._names, _SLOT.iter_unpack(self._table), strict=False):
            count, starts_at = slot
            if count:
                waits = round(max(0.0, starts_at - now), 1)
                found[name] = {"restarts": count, "waits_seconds": waits}
        return found
