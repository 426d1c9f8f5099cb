"""Regular expressions where XPath's are unlike others (XPath functions, 7.6.1; XSD 1.0, F)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feel.regex_backtrack import compile_program
from feel.regex_dialect import read_pattern
from feel.regex_linear import compile_linear
from feel.run import Run


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("\u212a", "k", True),
        ("K", "\u212a", True),
        ("\u017f", "S", True),
        ("\u03c3", "\u03c2", True),
        ("ß", "ẞ", True),
        ("ß", "SS", False),
        ("\u212a", "[A-Z]", True),
        ("h", "[A-Z-[OI]]", True),
        ("o", "[A-Z-[OI]]", False),
        ("Q", "[A-Za-z-[q]]", False),
        ("o", "[^Q]", True),
        ("q", "[^Q]", False),
        ("m", r"\p{Lu}", False),
        ("m", r"\P{Lu}", True),
        ("m", r"[\p{Lu}x]", False),
        ("X", r"[\p{Lu}x]", True),
        ("k", r"\p{IsLetterlikeSymbols}", False),
        ("\u212ak", r"(k)\1", True),
    ],
)
def test_characters_match_in_either_case_but_properties_do_not_when_case_is_ignored(
    value, text, pattern, expected
):
    assert value('matches(t, p, "i")', t=text, p=pattern) is expected


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("a\n", "^$", False),
        ("a\n\nb\n", "^$", True),
        ("\n", "^$", True),
        ("a\nb\n", "^b$", True),
        ("a\nb", "a$", True),
        ("a\n", "a$\n^", False),
        ("a\n", "$", True),
    ],
)
def test_no_line_starts_after_the_newline_that_ends_a_text_when_lines_are_matched(
    value, text, pattern, expected
):
    assert value('matches(t, p, "m")', t=text, p=pattern) is expected


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("\u3400", r"\p{IsCJKUnifiedIdeographsExtensionA}"),
        ("\U00020000", r"\p{IsCJKUnifiedIdeographsExtensionB}"),
        ("\u0700", r"\p{IsSyriac}"),
        ("⌀", r"\p{IsMiscellaneousTechnical}"),
        ("\u20d0", r"\p{IsCombiningMarksforSymbols}"),
        ("\U0001d100", r"\p{IsMusicalSymbols}"),
        ("x", "^*x"),
        ("x", "x$?"),
        ("aax", r"(a)\1^*x"),
        ("a" * 1001, "^a{1001}$"),
        ("-", "[a-]"),
        ("-", "[-a]"),
        ("-", "[a-c-]"),
        ("&", "[a&&b]"),
    ],
)
def test_a_pattern_matches_when_xpath_knows_what_others_refuse(value, text, pattern):
    assert value("matches(t, p)", t=text, p=pattern) is True


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-b-c]",
        r"[\d-z]",
        "[--a]",
        "[a-[b]c]",
        "[[a]]",
        "a{2}{3}",
        "a?*",
        "a{,2}",
        "(?i)a",
        r"\ba",
        r"\x41",
        r"\pL",
        r"\p{IsTagalog}",
        "(" * 51 + ")" * 51,
        "[^a-" * 51 + "[b]" + "]" * 51,
        "a{99999999}b",
        "(?:(?:){999999999}){999999999}",
        r"[\w-[x]]" * 100,
    ],
)
def test_there_is_null_at_once_when_a_pattern_is_none_of_xpath_or_too_large(value, pattern):
    assert value("matches(t, p)", t="a", p=pattern) is None


_ATOMS = st.sampled_from(["a", "b", "B", ".", "[^a]", "[a-c-[b]]", "\n", "^", "$", r"\w", "(?:)"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map("|".join),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,2}", "??", "*?", "+?"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@given(pattern=_PATTERNS, text=st.text("abB\n", max_size=6), flags=st.sampled_from(["", "s", "i"]))
@settings(max_examples=50)
def test_both_machines_match_the_same_when_a_pattern_has_no_back_reference(pattern, text, flags):
    found = read_pattern(f"^(?:{pattern})$", flags)
    linear = compile_linear(found, multiline=False).search(text.encode())
    program = compile_program(found, ignores_case="i" in flags, multiline=False)
    assert (linear is None) is (program.search(text, 0, Run()) is None)
