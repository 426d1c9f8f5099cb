"""Text of any charset: as it says it is, or as what it most likely is instead."""

from __future__ import annotations

import codecs
import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Text is read as the larger set that programs mean by these names (WHATWG Encoding 4.2).
_LARGER: Final = {
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}
# No text is written in them, and the first takes quadratic time.
_NO_CHARSETS: Final = frozenset(
    {"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape"}
)


def decode(content: bytes, charset: str | None) -> str:
    """Return bytes as clean text: in their charset, in UTF-8 or in the Western one."""
    declared = _known(charset or "utf-8")
    for name in (declared, "utf-8"):
        try:
            return cleaned(content.decode(name))
        except ValueError:
            continue
    if declared not in {"ascii", "utf-8"}:
        return cleaned(content.decode(declared, "replace"))
    text = content.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    is_broken_utf8 = sum(not sign.isascii() for sign in text) > 2 * lost
    return cleaned(text if is_broken_utf8 else content.decode("cp1252", "replace"))


def cleaned(text: str) -> str:
    """Return text without control characters and halves of pairs."""
    return _CONTROL.sub("\ufffd", text)


def _known(charset: str) -> str:
    """Return what Python calls a charset; UTF-8 for none that text is written in."""
    try:
        name = codecs.lookup(charset).name
        "".encode(name)  # whether it is one of text
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name in _NO_CHARSETS else _LARGER.get(name, name)
