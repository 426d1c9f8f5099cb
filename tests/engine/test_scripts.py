import os
import signal
import threading

import pytest

from processes.engine import scripts
from processes.engine.errors import BpmnError, StepFailed


def test_assignments_become_variables_when_at_top_level():
    twice = "def twice(n):\n    inner = n * 2\n    return inner\n"
    text = f"total = price * 2\n_scratch = 1\n{twice}b = twice(4)\nnone = None"
    assert scripts.run(text, {"price": 4}, {}) == {"total": 8, "b": 8, "none": None}


def test_unchanged_names_are_not_written_when_only_read():
    assert scripts.run("b = a", {"a": 1}, {}) == {"b": 1}


def test_change_in_place_is_written_when_a_list_grows():
    assert scripts.run("a.append(2)", {"a": [1]}, {}) == {"a": [1, 2]}


def test_name_is_written_when_it_becomes_none():
    assert scripts.run("a = None", {"a": 1}, {}) == {"a": None}


def test_record_reads_as_attributes_when_nested():
    records = {"deal": {"amount": 3, "account": {"name": "Ada"}, "lines": [{"n": 2}]}}
    assert scripts.evaluate("deal.account.name + str(deal.lines[0].n)", {}, records) == "Ada2"


def test_record_is_refused_when_written():
    with pytest.raises(StepFailed, match="amount"):
        scripts.run("deal.amount = 4", {}, {"deal": {"amount": 3}})


def test_fail_throws_a_bpmn_error_when_called():
    with pytest.raises(BpmnError) as caught:
        scripts.run('fail("NO_STOCK", "none", "left")', {}, {})
    assert (caught.value.code, caught.value.message) == ("NO_STOCK", "none left")


def test_error_names_its_reason_when_a_script_fails():
    with pytest.raises(StepFailed, match="zero"):
        scripts.evaluate("1 // 0", {}, {})


BILLION = "1000000000"
MOMENT_SECONDS = 0.2


@pytest.fixture
def hurried(monkeypatch):
    """Stop scripts soon."""
    monkeypatch.setattr(scripts, "TIME_SECONDS", MOMENT_SECONDS)
    scripts._pool.close()
    yield
    scripts._pool.close()


@pytest.mark.parametrize(
    "text",
    [
        f"def f():\n    for i in range({BILLION}):\n        pass\nf()",
        f"for i in range({BILLION}):\n    x = i",
        "while True:\n    pass",
        "10 ** 10 ** 10",
    ],
)
def test_a_script_is_stopped_when_it_computes_for_too_long(hurried, text):
    with pytest.raises(StepFailed, match=f"after {MOMENT_SECONDS} s"):
        scripts.run(text, {}, {})
    assert scripts.evaluate("1 + 1", {}, {}) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"a = list(range({BILLION}))", "memory"),
        (f'a = "a" * {BILLION}', "memory"),
        (f'a = "a" * {BILLION}0', "failed"),
        (f"a = [0] * {BILLION}", "memory"),
        ("a = 'abcdefghij' * 1000000\nb = a * 10000", "memory"),
        ("def f(n):\n    return f(n + 1)\nf(0)", "failed"),
        ("a = [1]\nfor i in range(100):\n    a = a + a", "memory"),
        ("(" * 100000, "failed"),
        ("a = {}\na['a'] = a", "failed"),
        ("a = []\nfor i in range(100000):\n    a = [a]", "stopped"),
    ],
    ids=lambda value: value[:30],
)
def test_hostile_script_ends_as_a_failed_step_when_it_wants_too_much(text, reason):
    with pytest.raises(StepFailed) as caught:
        scripts.run(text, {}, {})
    assert reason in caught.value.message, caught.value.message
    assert scripts.evaluate("1 + 1", {}, {}) == 2


@pytest.mark.parametrize(
    "text",
    ['load("x", "y")', 'open("/etc/passwd")', "import os", "().__class__", '__import__("os")'],
)
def test_escape_is_refused_when_a_script_reaches_out(text):
    with pytest.raises(StepFailed):
        scripts.run(text, {}, {})


def test_syntax_is_checked_without_running():
    assert scripts.check("1 + (") is not None
    assert scripts.check("a > b") is None


def test_a_script_is_not_stopped_when_its_process_waits_for_a_processor(hurried):
    """The time is the processor's: one that is held up has not used any."""
    scripts.evaluate("1", {}, {})
    (child, *_) = reversed(scripts._pool._idle)
    child._process.send_signal(signal.SIGSTOP)
    going_on = threading.Timer(2 * MOMENT_SECONDS, child._process.send_signal, [signal.SIGCONT])
    going_on.start()
    assert scripts.evaluate("2", {}, {}) == 2
    going_on.join()


def test_child_is_replaced_when_it_died_while_idle():
    assert scripts.evaluate("2", {}, {}) == 2
    for child in scripts._pool._idle:
        child._process.kill()
        child._process.wait()
    assert scripts.evaluate("3", {}, {}) == 3


def test_scripts_run_when_called_from_many_threads():
    answers: list[int] = []

    def ask(number):
        answers.append(scripts.evaluate("n * 2", {"n": number}, {}))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [number * 2 for number in range(12)]


def test_scripts_run_when_forked():
    scripts.evaluate("1", {}, {})
    child = os.fork()
    if child == 0:
        os._exit(0 if scripts.evaluate("2 + 2", {}, {}) == 4 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert scripts.evaluate("5", {}, {}) == 5


def test_functions_are_no_variables_when_a_script_defines_them():
    text = "def f(n):\n    return n\ng = lambda n: n + 1\nh = len\nx = g(f(1))"
    assert scripts.run(text, {}, {}) == {"x": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 ** 10", 1024),
        ("2 ** -1", 0.5),
        ("x is None", False),
        ("y is not None", False),
        ("1 < x < 5", True),
        ("5 > x > 4", False),
        ("f'{x + 1} of {{{x!r}}}'", "5 of {4}"),
        ("sum([1, 2, x])", 7),
        ("round(2.567, 2)", 2.57),
    ],
)
def test_python_is_understood_where_starlark_has_less(text, value):
    assert scripts.evaluate(text, {"x": 4, "y": None}, {}) == value


@pytest.mark.parametrize(
    ("text", "assigned"),
    [
        ("n = 0\nwhile n < x:\n    n += 1\n    if n == 3:\n        break", {"n": 3}),
        ("n = 0\nwhile n < x:\n    n += 2\n    continue", {"n": 4}),
        ("x **= 2", {"x": 16}),
        ("y = sum([1, 2])", {"y": 3}),
        ("round = 3", {"round": 3}),
    ],
)
def test_python_statements_are_understood_where_starlark_has_less(text, assigned):
    assert scripts.run(text, {"x": 4}, {}) == assigned


@pytest.mark.parametrize(
    "text",
    [
        "list(range(10**9))",
        "'a' * 10**10",
        "x = 2\nwhile True:\n    x = x ** 2",
        "[" * 5000 + "]" * 5000,
        "-" * 50_000 + "1",
    ],
)
def test_hostile_python_ends_as_a_failed_step(text):
    with pytest.raises(StepFailed):
        scripts.run(text, {}, {})
    assert scripts.evaluate("1 + 1", {}, {}) == 2
