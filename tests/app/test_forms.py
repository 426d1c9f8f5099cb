"""Numbers as people type them into forms."""

import pytest
from flask import Flask

from app.forms import number_text


@pytest.mark.parametrize(
    ("typed", "language", "number"),
    [
        ("12,5", "en-US,en;q=0.9", "12.5"),
        ("1,234", "en-US,en;q=0.9", "1234"),
        ("1,234", "nb-NO,nb;q=0.9,en;q=0.8", "1.234"),
        ("1,234", "xx-unknown, tr", "1.234"),
        ("1,234", "", "1234"),
        ("0,085", "en", "0.085"),
        ("1.234", "nb", "1.234"),
        ("1,234.50", "nb", "1234.50"),
        ("1.234,50", "en", "1234.50"),
        ("1.234.567", "en", "1234567"),
        ("-1\u00a0234,5", "nb", "-1234.5"),
        ("\u22121\u2019234.50", "de-CH", "-1234.50"),
        ("1,2,3", "nb", "1,2,3"),
        ("12.34,56.7", "nb", "12.34,56.7"),
        (".", "nb", "."),
        ("one", "nb", "one"),
        ("", "nb", ""),
    ],
)
def test_a_number_is_read_as_its_writer_means_it(typed, language, number):
    with Flask(__name__).test_request_context(headers={"Accept-Language": language}):
        assert number_text(typed) == number
