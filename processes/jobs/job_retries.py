"""What becomes of a job that failed: when it is tried again, and when it is given up."""

from __future__ import annotations

from services.jobs import RetryLater

MAX_ATTEMPTS = 5
BACK_OFF = 4
"""The n-th attempt waits this to the n-th power, in seconds: 4, 16, 64, 256."""


def delay_after(error: BaseException, attempts: int) -> float | None:
    """Return the seconds until the next attempt; None if there is none.

    Args:
        error: What the handler raised. With ``RetryLater`` it decides by itself, as often as it
            likes.
        attempts: How often the job was tried before this failure, 0 on the first run.
    """
    if isinstance(error, RetryLater):
        return error.delay_seconds
    if attempts + 1 >= MAX_ATTEMPTS:
        return None
    return float(BACK_OFF ** (attempts + 1))
