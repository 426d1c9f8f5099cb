"""Passwords: argon2id, 8 to 128 characters, and none that everybody tries first."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NoReturn

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.errors import Invalid

MIN_LENGTH = 8
MAX_LENGTH = 128

# OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane; about 20 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# Those of at least 8 characters that lead every list of leaked passwords.
_COMMON_PASSWORDS = Path(__file__).parent / "common_passwords.txt"


def hash_password(password: str) -> str:
    """Return the hash to keep.

    Raises:
        Invalid: The password is too short, too long, or one of the most common ones.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        _refuse(f"Use {MIN_LENGTH} to {MAX_LENGTH} characters.")
    if password.casefold() in _common_passwords() or len(set(password)) < 3:  # noqa: PLR2004
        _refuse("This password is one of the first that others would try.")
    try:
        return _HASHER.hash(password)
    except UnicodeEncodeError:
        return _refuse("This password has signs that can't be kept.")


def check_password(password_hash: str, password: str) -> bool:
    """Tell whether ``password`` is the one that was hashed."""
    if len(password) > MAX_LENGTH:
        return False
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Tell whether the hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(password_hash)


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(_COMMON_PASSWORDS.read_text(encoding="ascii").split())


def _refuse(message: str) -> NoReturn:
    raise Invalid(message, {"password": [message]})
