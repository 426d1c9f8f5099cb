"""Names for programs, made from the names for people."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from services.custom.arguments import KEY_LENGTH
from services.records.folding import fold

_OTHERS: Final = re.compile("[^a-z0-9]+")


def key_from(
    label: str, taken: Collection[str], *, between: str = "_", otherwise: str = "field"
) -> str:
    """Return a key for what is called ``label``, other than those that are ``taken``.

    What has no letters of the Latin alphabet is called ``otherwise``.
    """
    plain = _OTHERS.sub(between, fold(label)).strip(between)
    if not plain or not plain[0].isalpha():
        plain = f"{otherwise}{between}{plain}".strip(between)
    plain = plain[: KEY_LENGTH - 4].strip(between)
    if plain not in taken:
        return plain
    number = 2
    while f"{plain}{between}{number}" in taken:
        number += 1
    return f"{plain}{between}{number}"
