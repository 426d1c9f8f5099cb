"""One evaluation: its clock, its budget and the reasons why something in it became null."""

from collections.abc import Mapping
from datetime import datetime
from time import thread_time
from typing import TYPE_CHECKING, Any

from feel.errors import FeelLimitError

if TYPE_CHECKING:
    from feel.working_calendar import Calendars

MAX_SECONDS = 1.0
MAX_STEPS = 5_000_000
MAX_CALL_DEPTH = 100
MAX_LIST_ITEMS = 100_000
MAX_STRING_CHARACTERS = 1_000_000
MAX_BYTES = 200_000_000
MAX_WARNINGS = 50

# The clock is read once in so many steps: often enough to stop within a few milliseconds, rarely
# enough to cost nothing. It is the processor time of the thread, so that a loaded machine fails no
# evaluation that would pass on an idle one.
_STEPS_PER_LOOK = 500


class Run:
    """The state that all parts of one evaluation share.

    A step is about one turn of a loop, one call or the copying of a few list items or characters.

    Attributes:
        now: The aware time that `now()` and `today()` answer with; None if nobody gave one.
        calendars: Where functions of working time find their calendars; None if there are none.
        warnings: Why values became null, in order; None if nobody asked for reasons.
    """

    __slots__ = (
        "_bytes",
        "_deadline",
        "_left",
        "_spent",
        "calendars",
        "depth",
        "max_seconds",
        "now",
        "warnings",
    )

    def __init__(
        self,
        now: datetime | None = None,
        *,
        explain: bool = False,
        max_seconds: float = MAX_SECONDS,
        calendars: "Calendars | None" = None,
    ) -> None:
        self.now = now
        self.calendars = calendars
        self.warnings: list[str] | None = [] if explain else None
        self.depth = 0
        self.max_seconds = max_seconds
        self._left = _STEPS_PER_LOOK
        self._spent = 0
        self._bytes = 0
        self._deadline: float | None = None

    def spend(self, steps: int) -> None:
        """Take steps from the budget.

        Raises:
            FeelLimitError: Nothing is left of the steps or of the time.
        """
        self._left -= steps
        if self._left < 0:
            self._look()

    def allocate(self, value: Any) -> None:
        """Count what a new string or list takes; nothing is given back before the end.

        Raises:
            FeelLimitError: All values together would take too much.
        """
        wide = type(value) is list or not value.isascii()
        self._bytes += len(value) * (8 if wide else 1)
        if self._bytes > MAX_BYTES:
            raise FeelLimitError("The evaluation takes too much memory.")

    def _look(self) -> None:
        self._spent += _STEPS_PER_LOOK - self._left
        self._left = _STEPS_PER_LOOK
        if self._deadline is None:
            self._deadline = thread_time() + self.max_seconds
        if self._spent > MAX_STEPS or thread_time() > self._deadline:
            raise FeelLimitError("The evaluation takes too long.")

    def enter(self) -> None:
        """Go one call deeper; `leave` must follow.

        Raises:
            FeelLimitError: Too many calls are open.
        """
        self.spend(1)
        self.depth += 1
        if self.depth > MAX_CALL_DEPTH:
            raise FeelLimitError(f"Functions call one another more than {MAX_CALL_DEPTH} deep.")

    def leave(self) -> None:
        """Come back from a call."""
        self.depth -= 1

    def warn(self, reason: str, text: str = "") -> None:
        """Remember why a value became null, unless nobody asked.

        Args:
            reason: The reason.
            text: The part of the expression concerned.
        """
        warnings = self.warnings
        if warnings is None or len(warnings) >= MAX_WARNINGS:
            return
        warning = f"{reason} in `{text}`" if text else reason
        if warning not in warnings:
            warnings.append(warning)

    def null(self, reason: str, text: str = "") -> Any:
        """Return null, and remember why. Arguments as for `warn`."""
        self.warn(reason, text)
        return None


class Scope:
    """The names that are visible at one place, and the scope around it."""

    __slots__ = ("parent", "run", "values")

    def __init__(self, values: Mapping[str, Any], parent: "Scope | None", run: Run) -> None:
        self.values = values
        self.parent = parent
        self.run = run


def check_list_size(size: int) -> None:
    """Refuse a list that would be too long.

    Raises:
        FeelLimitError: It is.
    """
    if size > MAX_LIST_ITEMS:
        raise FeelLimitError(f"A list would have more than {MAX_LIST_ITEMS} items.")


def check_string_size(size: int) -> None:
    """Refuse a string that would be too long.

    Raises:
        FeelLimitError: It is.
    """
    if size > MAX_STRING_CHARACTERS:
        raise FeelLimitError(f"A string would have more than {MAX_STRING_CHARACTERS} characters.")
