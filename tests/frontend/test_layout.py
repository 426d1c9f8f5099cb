"""What the layout's macros need from Python."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from flask import Flask, g, render_template_string

from app.layout import amount, init_layout, initials, page_url, tone, utc_iso


@pytest.fixture
def small() -> Flask:
    app = Flask("small")
    init_layout(app)
    app.add_url_rule("/deals/<int:deal_id>", "show", str)
    return app


def test_page_url_keeps_other_arguments_when_one_changes(small: Flask):
    with small.test_request_context("/deals/7?state=new&state=won&after=x&q=a%26b"):
        assert page_url(sort="-name", after=None) == (
            "/deals/7?state=new&state=won&q=a%26b&sort=-name"
        )


def test_page_url_stays_here_when_the_query_names_its_own_settings(small: Flask):
    query = "endpoint=x&_external=1&_scheme=ftp&_anchor=z&_method=POST&deal_id=9"
    with small.test_request_context(f"/deals/7?{query}"):
        assert page_url() == "/deals/7"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("Ludwig van Beethoven", "LB"),
        ("Kappa", "K"),
        ("улаанбаатар групп", "УГ"),
        ("(none)", "?"),
        ("", "?"),
    ],
)
def test_initials_stand_for_the_first_and_last_word_when_there_are_several(name, letters):
    assert initials(name) == letters


def test_tone_is_the_same_when_the_name_is():
    assert tone("Ada") == tone("Ada")
    assert {tone(str(number)) for number in range(200)} == set(range(8))


def test_amount_is_written_in_the_readers_locale_when_it_is_known(small: Flask):
    with small.test_request_context():
        assert amount(Decimal("1234.5"), "EUR") == "€1,234.50"
        assert amount(None, "EUR") == ""
        g.locale = "nb"
        assert amount(Decimal("1234.5"), "NOK").replace("\xa0", " ") == "1 234,50 kr"


def test_time_is_utc_to_the_second_when_it_comes_from_another_zone():
    moment = datetime(2026, 7, 1, 0, 30, 15, 999, tzinfo=timezone(timedelta(hours=2)))
    assert utc_iso(moment) == "2026-06-30T22:30:15Z"
    assert utc_iso(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"


def test_names_are_escaped_when_they_hold_markup(site: Flask):
    with site.test_request_context():
        page = render_template_string(
            '{% import "layout/macros.html" as m %}{{ m.person("<b>x</b>") }}'
            '{{ m.row_link("<i>", "/a?b=1&c=2") }}{{ m.field("n", "<u>", "\\"><s>") }}'
        )
    for markup in ("<b>", "<i>", "<u>", "<s>"):
        assert markup not in page
