"""What FEEL and decision tables cost: `python -m benchmarks.feel`.

Targets: a gateway's condition below 0.02 ms, a decision table of 20 rules below 0.3 ms.
"""

import timeit
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial

from feel import compile_expression
from processes.engine.decisions import DecisionModel, parse_decisions

CONTEXT = {
    "deal": {
        "amount": Decimal(1500),
        "stage": "won",
        "due": date(2026, 3, 14),
        "lines": [{"price": Decimal(price), "quantity": Decimal(3)} for price in range(20)],
    },
    "limit": Decimal(1000),
}
EXPRESSIONS = [
    "deal.amount > 1000",
    'deal.stage = "won" and deal.amount > limit',
    "deal.amount in [1000..2000]",
    'if deal.amount between 1000 and 2000 then "mid" else "other"',
    'deal.due + duration("P14D") > date("2026-03-20")',
    "sum(for line in deal.lines return line.price * line.quantity)",
    "count(deal.lines[price > 10])",
]


def make_table(rules: int) -> DecisionModel:
    """A table with three inputs of which only the last rule holds."""
    cells: list[str] = []
    for number in range(rules):
        tests = (f"[{number * 10}..{number * 10 + 9}]", '"won", "lost"', f"&gt;= {number}")
        inputs = "".join(f"<inputEntry><text>{test}</text></inputEntry>" for test in tests)
        output = f'<outputEntry><text>"group {number}"</text></outputEntry>'
        cells.append(f"<rule>{inputs}{output}</rule>")
    columns = "".join(
        f"<input><inputExpression><text>{text}</text></inputExpression></input>"
        for text in ("score", "stage", "level")
    )
    body = f'<decisionTable hitPolicy="UNIQUE">{columns}<output name="group"/>{"".join(cells)}'
    xml = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="bench">'
        f'<decision id="route" name="route">{body}</decisionTable></decision></definitions>'
    )
    return parse_decisions(xml.encode())


def measure_us(work: Callable[[], object]) -> float:
    """Return the microseconds of the fastest of several rounds."""
    timer = timeit.Timer(work)
    count, _ = timer.autorange()
    count = max(count // 4, 1)
    return min(timer.repeat(repeat=5, number=count)) / count * 1e6


def main() -> None:
    """Print the table."""
    print(f"{'what':62} {'us':>9}")
    for text in EXPRESSIONS:
        expression = compile_expression(text)
        assert expression(CONTEXT) is not None
        print(f"{text:62} {measure_us(partial(expression, CONTEXT)):9.2f}")
    print(f"{'compile (cached)':62} {measure_us(lambda: compile_expression(EXPRESSIONS[0])):9.2f}")
    for rules in (5, 20, 200):
        model = make_table(rules)
        inputs = {"score": rules * 10 - 1, "stage": "won", "level": rules}
        assert model.evaluate("route", inputs) == f"group {rules - 1}"
        cost = measure_us(partial(model.evaluate, "route", inputs))
        print(f"{f'decision table of {rules} rules, 3 inputs':62} {cost:9.2f}")


if __name__ == "__main__":
    main()
