"""The working time of one year, ready to be counted in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Year:
    """The working time of one year: spans that neither overlap nor touch, in order.

    Attributes:
        begin: When the year begins.
        end: When the next one does.
        starts: When the spans begin.
        ends: When they end.
    """

    number: int
    begin: int
    end: int
    starts: list[int]
    ends: list[int]

    @cached_property
    def before(self) -> list[int]:
        """What is worked in the year before each span."""
        sums, worked = [], 0
        for start, end in zip(self.starts, self.ends, strict=True):
            sums.append(worked)
            worked += end - start
        return sums

    @cached_property
    def total(self) -> int:
        """What is worked in the year."""
        return sum(self.ends) - sum(self.starts)

    def worked_before(self, moment: int) -> int:
        """Return what is worked in the year before a moment."""
        place = bisect_right(self.starts, moment) - 1
        if place < 0:
            return 0
        return self.before[place] + min(moment, self.ends[place]) - self.starts[place]

    def first_moment_at(self, worked: int) -> int:
        """Return the first moment by which so much, and not nothing, is worked in the year."""
        place = bisect_left(self.before, worked) - 1
        return self.starts[place] + worked - self.before[place]

    def last_moment_at(self, worked: int) -> int:
        """Return the last moment by which so much, and not all, is worked in the year."""
        place = bisect_right(self.before, worked) - 1
        return self.starts[place] + worked - self.before[place]
