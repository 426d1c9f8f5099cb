"""What can be wrong with a model, with a command to an instance, and with a step of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class ModelError(Exception):
    """A model is refused: it breaks its standard, or asks for what can't be executed.

    Attributes:
        message: What is wrong, in one sentence for the person who drew the model.
        element: The id (or, where it has none, the name) of the element at fault; None for the
            whole file.
        line: The line of the XML where the element begins, from 1; None if unknown.
        advice: What to do instead; None where the message says it.
    """

    def __init__(
        self,
        message: str,
        element: str | None = None,
        line: int | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.element = element
        self.line = line
        self.advice = advice

    def __str__(self) -> str:
        place = [self.element or "", f"line {self.line}" if self.line else ""]
        where = ", ".join(part for part in place if part)
        text = f"{self.message} ({where})" if where else self.message
        return f"{text} {self.advice}" if self.advice else text


class ModelErrors(Exception):  # noqa: N818 - it holds several ModelError
    """A model is refused, for each of the reasons in `errors`, in the order of the file."""

    def __init__(self, errors: Sequence[ModelError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = list(errors)


class EngineError(Exception):
    """A command can't be carried out on this instance; nothing was changed by it."""


class UnknownToken(EngineError):  # noqa: N818 - says what is unknown
    """The token does not exist (any more), or does not wait for what the command brings."""


class SnapshotMismatch(EngineError):  # noqa: N818 - says what does not fit
    """A snapshot can't be loaded: its format is newer, or its elements are not in this version."""


@dataclass(frozen=True)
class Blocker:
    """Why an instance can't be migrated.

    Attributes:
        element_id: The element of the old version at which it stands.
        message: What is wrong, in a sentence for an administrator.
    """

    element_id: str
    message: str


class MigrationBlocked(EngineError):  # noqa: N818 - says what is blocked
    """An instance stands where two versions do not go together, for each reason in `blockers`."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__("; ".join(f"{one.element_id}: {one.message}" for one in blockers))
        self.blockers = list(blockers)


class BpmnError(Exception):
    """A business error (BPMN 2.0.2 §10.5.5): the nearest boundary event for its code goes on.

    Raised by `Host.call` and by a script's `fail("CODE")`.

    Attributes:
        code: What boundary events match; an empty text is matched by a catch-all only.
        variables: Given to the catching event, which stores them as its result.
    """

    def __init__(
        self, code: str, message: str = "", variables: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.variables = dict(variables or {})


class StepFailed(Exception):  # noqa: N818 - an outcome, beside BpmnError
    """A step can't be carried out: its token is parked as failed and can be retried.

    Attributes:
        message: The cause, in one sentence for the administrator.
        detail: More for whoever looks into it (the expression, the script's position); never shown
            to others.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
