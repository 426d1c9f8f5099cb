"""No expression takes more than its share of time, memory or stack."""

import contextlib

import pytest

from feel import FeelError, FeelLimitError, FeelSyntaxError, Run, compile_expression, evaluate
from tests.processor_time import processor_time_below

# Lists of ten of the list before: a tree of 10^13 leaves made of 130 references.
NESTED = ", ".join(
    ["a: [1,2,3,4,5,6,7,8,9,10]"]
    + [f"{chr(98 + i)}: [{','.join([chr(97 + i)] * 10)}]" for i in range(12)]
)

BOMBS = [
    "for i in 1..10**9 return i",
    "some x in 1..10**9 satisfies x < 0",
    "every x in 1..10**9, y in 1..10**9 satisfies x > 0",
    "for i in 1..99999 return for j in 1..99999 return 1",
    "{f: function(n) f(n + 1), r: f(1)}.r",
    "{f: function(n) f(n) + f(n), r: f(1)}.r",
    '{a: "'
    + "x" * 1000
    + '", b: a+a+a+a+a+a+a+a+a+a, c: b+b+b+b+b+b+b+b+b+b, d: c+c+c+c+c+c+c+c+c+c+c}.d',
    'string join(for i in 1..10000 return "' + "x" * 1000 + '")',
    'replace("' + "a" * 5000 + '", "a", "' + "b" * 5000 + '")',
    'for i in 1..100000 return replace("' + "a" * 10_000 + '", "a", "b")',
    f"{{{NESTED}, r: string(m)}}.r",
    f"{{{NESTED}, r: flatten(m)}}.r",
    f"{{{NESTED}, r: m = [m]}}.r or {{{NESTED}, n: {{{NESTED}}}.m, r: m = n}}.r",
    f"{{{NESTED}, n: {{{NESTED}}}.m, r: is(m, n)}}.r",
    "distinct values(for i in 1..100000 return [i])",
    "sort(for i in 1..100000 return modulo(i * 7919, 100003), function(a, b) a < b)",
    "for i in 1..100000 return append(partial, 1)",
    "for i in 1..100000 return concatenate(partial, partial)",
    "for i in 1..100000 return 1.23456789 ** 9.87654321",
    "for i in 1..1000 return for i in 1..1000 return {a: i, b: [i, i, i]}",
    'matches("' + "a" * 40 + 'b", "^((a+)+)\\1$")',
    'replace("' + "a" * 40 + '", "(a*)*b\\1", "")',
]


@pytest.mark.parametrize("text", BOMBS, ids=lambda text: text[:40])
def test_an_evaluation_is_stopped_when_it_takes_too_much(text, monkeypatch):
    monkeypatch.setitem(Run.__init__.__kwdefaults__, "max_seconds", 0.2)
    with processor_time_below(1.1), pytest.raises(FeelLimitError):
        evaluate(text, {})


LONG = f'{{a: string join(for i in 1..1000 return "{"x" * 990}"), r: for i in 1..100000 return '


@pytest.mark.parametrize(
    "text",
    [f"{LONG}a + string(i)}}.r", f"{LONG}string([a, i])}}.r", "for i in 1..20000 return partial"],
)
def test_an_evaluation_is_stopped_when_its_values_take_too_much_memory(text):
    with pytest.raises(FeelLimitError, match="memory"):
        evaluate(text, {})


@pytest.mark.parametrize(
    "text",
    [
        "2 ** 999999999",
        "1.0000000001 ** 999999999999",
        "exp(1e6144)",
        "log(1e-6143)",
        "string(1e6144)",
        "decimal(1e-6143, 6176)",
        "modulo(1e6144, 3)",
        "floor(1e-6000)",
        '@"P1D" * 1e6144',
        "date(1e6144, 1, 1)",
        'substring("abc", 1e6144)',
        "[1, 2][1e6144]",
        "for i in 1..1e6144 return i",
        'matches("' + "a" * 50_000 + '", "(a+)+$")',
        'matches("a", "((((((a{100}){100}){100}){100})))")',
        'number("' + "9" * 90_000 + '")',
        "1e" + "9" * 90_000,
        'range("[' + "." * 90_000 + '")',
        'range("[' + "1.." * 30_000 + ']")',
    ],
    ids=lambda text: text[:40],
)
def test_extreme_values_take_no_time_when_computed(text):
    with processor_time_below(0.5), contextlib.suppress(FeelError):
        evaluate(text, {})


@pytest.mark.parametrize(
    "text",
    [
        "1" + " in x" * 3000,
        "]1.." * 200 + "2[",
        "{a:" * 200,
        "function(a) " * 200 + "a",
        '"' + "\\" * 99_999,
        "/*" * 10_000,
        "a " * 50_000,
        "for a" + " " * 90_000 + "b",
    ],
    ids=lambda text: text[:20],
)
def test_a_hostile_text_is_refused_in_time_when_parsed(text):
    with processor_time_below(1.0), pytest.raises((FeelSyntaxError, FeelLimitError)):
        compile_expression(text)


def test_an_expression_reaches_no_python_object_when_it_names_attributes():
    for text in ("x.__class__", "x.upper", "abs.body", "abs.__globals__", "[].append", "x.y.z"):
        assert evaluate(text, {"x": "text"}) in (None, [])


def test_a_longer_run_shares_its_budget_when_several_expressions_use_it():
    run = Run(max_seconds=0.05)
    loop = compile_expression("count(for i in 1..20000 return i)")

    loop.run({}, run)

    with pytest.raises(FeelLimitError):
        _repeat(lambda: loop.run({}, run), 1000)


def _repeat(work, times):
    for _ in range(times):
        work()
