"""The faults of one file, collected so that its author sees all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from processes.engine.errors import ModelError
from processes.engine.xml import Element, line_of


@dataclass
class Faults:
    """What was found so far; errors refuse the file, warnings do not.

    Attributes:
        is_marked: The process that is looked at says that it is executable: only then the standard
            has all supplied that it needs to be executed; else what it lacks is a warning.
        is_strict: It does not say that it is none: what is there can be executed; else what can't
            be is a warning.
    """

    is_marked: bool = True
    is_strict: bool = True
    errors: list[ModelError] = field(default_factory=list)
    warnings: list[ModelError] = field(default_factory=list)

    def error(self, element: Element, message: str, advice: str | None = None) -> None:
        """Note an error of an element of the file."""
        self.errors.append(ModelError(message, _id_of(element), line_of(element), advice))

    def need(self, element: Element, message: str, advice: str | None = None) -> None:
        """Note that an element lacks what an executable process needs."""
        (self.error if self.is_marked else self.warn)(element, message, advice)

    def need_at(
        self, element: str | None, line: int | None, message: str, advice: str | None = None
    ) -> None:
        """Note the same of an element that has been read already."""
        (self.error_at if self.is_marked else self.warn_at)(element, line, message, advice)

    def unrunnable(self, element: Element, message: str, advice: str | None = None) -> None:
        """Note that an element says what can't be executed."""
        (self.error if self.is_strict else self.warn)(element, message, advice)

    def unrunnable_at(
        self, element: str | None, line: int | None, message: str, advice: str | None = None
    ) -> None:
        """Note the same of an element that has been read already."""
        (self.error_at if self.is_strict else self.warn_at)(element, line, message, advice)

    def warn(self, element: Element, message: str, advice: str | None = None) -> None:
        """Note a warning about an element of the file."""
        self.warnings.append(ModelError(message, _id_of(element), line_of(element), advice))

    def demote_since(self, count: int) -> None:
        """Make warnings of all errors but the first `count`."""
        self.warnings += self.errors[count:]
        del self.errors[count:]

    def error_at(
        self, element: str | None, line: int | None, message: str, advice: str | None = None
    ) -> None:
        """Note an error of an element that has been read already."""
        self.errors.append(ModelError(message, element, line, advice))

    def warn_at(
        self, element: str | None, line: int | None, message: str, advice: str | None = None
    ) -> None:
        """Note a warning about an element that has been read already."""
        self.warnings.append(ModelError(message, element, line, advice))


def _id_of(element: Element) -> str | None:
    """Return the id of an element, or of the nearest one around it that has one."""
    current: Element | None = element
    while current is not None:
        if identifier := current.get("id"):
            return str(identifier)
        current = current.getparent()
    return None
