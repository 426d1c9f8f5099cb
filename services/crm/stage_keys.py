"""The keys of stages: what diagrams and programs call them by, made once from their names."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count
from typing import Final

from services.records.folding import fold

_LENGTH: Final = 40
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def free_key(name: str, taken: Collection[str]) -> str:
    """Return a key for a stage called ``name`` that is not ``taken``: ``on_hold``, ``won_2``.

    A name without Latin letters becomes ``stage``, for keys are typed into diagrams.
    """
    key = _OTHER.sub("_", fold(name)).strip("_")[:_LENGTH].strip("_") or "stage"
    if not key[0].isalpha():
        key = f"stage_{key}"
    if key not in taken:
        return key
    return next(made for number in count(2) if (made := f"{key}_{number}") not in taken)
