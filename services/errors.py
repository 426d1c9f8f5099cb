"""The errors that people are meant to see; everything else is a fault of the program.

``app/errors.py`` maps them to pages and to problem+json (RFC 9457) in one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

FieldErrors = Mapping[str, Sequence[str]]


class LanewiseError(Exception):
    """A refusal with a text for the user.

    Attributes:
        code: A stable machine name; a BPMN error boundary event catches it by this.
        status: The HTTP status that says the same.
    """

    code = "error"
    status = 500

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Invalid(LanewiseError):  # noqa: N818 - reads as what happened, as all of this family do
    """The input breaks a rule; ``fields`` says which, by parameter name."""

    code = "invalid"
    status = 422

    def __init__(
        self, message: str, fields: FieldErrors | None = None, *, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.fields: FieldErrors = fields or {}


class NotAuthenticated(LanewiseError):  # noqa: N818
    """Nobody is signed in, or the token is not valid."""

    code = "not_authenticated"
    status = 401


class NotAllowed(LanewiseError):  # noqa: N818
    """The actor lacks the permission for this operation.

    Attributes:
        operation: What was refused, for the audit; None where only something to see was.
    """

    code = "not_allowed"
    status = 403
    operation: str | None = None


class NotFound(LanewiseError):  # noqa: N818
    """There is no such thing, or the actor may not see it: the two answer alike."""

    code = "not_found"
    status = 404


@contextmanager
def not_found_as(message: str) -> Iterator[None]:
    """Say ``message`` where the block finds nothing.

    A part of a record that may not be seen is told of in the words for a part that is not there;
    "there is no such deal" would give away that the part is.
    """
    try:
        yield
    except NotFound as error:
        raise NotFound(message) from error


class Conflict(LanewiseError):  # noqa: N818
    """Somebody else was quicker, or the thing's state forbids it."""

    code = "conflict"
    status = 409


class StaleVersion(Conflict):
    """The record was changed since it was read; ``changes`` says what, by whom and when."""

    code = "stale_version"

    def __init__(self, message: str, changes: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(message)
        self.changes = changes
