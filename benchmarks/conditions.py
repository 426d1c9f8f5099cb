"""What a gateway's condition and a decision table cost, for the table of results."""

from __future__ import annotations

from functools import partial

from benchmarks.feel import CONTEXT, EXPRESSIONS, make_table, measure_us
from benchmarks.measuring import Row
from feel import compile_expression
from services.platform import Platform

RULES = 20


def measure(_platform: Platform) -> list[Row]:
    """Return the rows about FEEL; the database is not used."""
    condition = measure_us(partial(compile_expression(EXPRESSIONS[0]), CONTEXT)) / 1000
    inputs = {"score": RULES * 10 - 1, "stage": "won", "level": RULES}
    rules = measure_us(partial(make_table(RULES).evaluate, "route", inputs)) / 1000
    return [
        Row(
            "Gateway condition", f"{condition:.4f} ms", "< 0.1 ms", condition < 0.1, EXPRESSIONS[0]
        ),
        Row(f"Decision table of {RULES} rules", f"{rules:.3f} ms", "< 1 ms", rules < 1),
    ]
