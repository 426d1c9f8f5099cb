"""What is wrong with a model, told to the person who drew it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from processes.engine.errors import ModelError
from services.errors import Invalid


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and where it stands.

    Attributes:
        file: The file's name; None where there is only one.
        element: The id of the element or the key of the form field; None for the whole file.
        line: From 1; None if unknown.
        advice: What to do instead; None where the message says it.
    """

    message: str
    file: str | None = None
    element: str | None = None
    line: int | None = None
    advice: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form that pages, API and modeller show."""
        return {
            "file": self.file,
            "element": self.element,
            "line": self.line,
            "message": self.message,
            "advice": self.advice,
        }

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else None
        place = ", ".join(part for part in (self.file, self.element, line) if part)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} {self.advice}" if self.advice else text


class ModelRejected(Invalid):
    """A deployment was refused as a whole; nothing of it was written.

    Attributes:
        findings: Every fault at once.
    """

    code = "model_rejected"

    def __init__(self, findings: Sequence[Finding]) -> None:
        count = len(findings)
        problems = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            f"Nothing was deployed: there {'is' if count == 1 else 'are'} {problems}.",
            {"files": [str(finding) for finding in findings]},
        )
        self.findings = list(findings)


def finding_of(error: ModelError, file: str | None = None) -> Finding:
    """Turn the engine's view of a fault into a finding."""
    return Finding(error.message, file, error.element, error.line, error.advice)
