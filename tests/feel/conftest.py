"""Evaluation in one word, for tests that compare FEEL with FEEL."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from feel import evaluate

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@pytest.fixture
def value() -> Callable[..., Any]:
    def run(text: str, **context: Any) -> Any:
        return evaluate(text, context, NOW)

    return run
