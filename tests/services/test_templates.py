"""Templates of users: filled with what is listed, and nothing that they could do harm with."""

from __future__ import annotations

import resource
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from services.documents import layout
from services.documents.files import documents_of, get_document, names_of_documents
from services.documents.layout import Look, draw_pdf
from services.documents.sandbox import check_template, render, render_document
from services.documents.templates import list_templates
from services.documents.values import VALUE_NAMES
from services.errors import Invalid, NotFound

LOOK = Look("Title", "L", "#1f4e79", "Footer")


def _seconds_to_draw(lines):
    """Return the processor's time, which other programs don't lengthen."""
    row = "<tr><td>1</td><td>Window</td><td>2</td><td>3</td><td>4</td></tr>"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    layout._press(layout._source(f"<table>{row * lines}</table>", LOOK))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime


def _render(source, language="en", **values):
    return render(source, values, language=language, zone=ZoneInfo("UTC"))


def test_values_are_escaped_when_filled():
    assert _render("<p>{{ deal.name }}</p>", deal={"name": "<b>&"}) == "<p>&lt;b&gt;&amp;</p>"


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "€1,234.50"), ("ru", "1 234,50 €"), ("tr", "€1.234,50"), ("xx", "€1,234.50")],
)
def test_money_is_written_as_the_language_does_when_filled(language, shown):
    text = _render("{{ a | money('EUR') }}", language, a=Decimal("1234.5"))
    assert text.replace("\u00a0", " ") == shown


def test_a_unit_price_has_all_its_digits_so_that_a_line_adds_up():
    shown = _render(
        "{{ a | price('EUR') }} {{ b | price('KWD') }}", a=Decimal("2.5"), b=Decimal("1.2345")
    )
    assert shown.replace("\u00a0", " ") == "€2.50 KWD 1.2345"


def test_nothing_is_printed_when_a_value_is_absent():
    assert _render("[{{ account.owner.name }}{{ x | date }}{{ x | money }}]") == "[]"


@pytest.mark.parametrize(
    "filtered",
    ["upper", "lower", "capitalize", "title", "trim", "first", "join(', ')", "number", "lines"],
)
def test_nothing_is_printed_of_an_empty_field_whatever_is_done_with_it(filtered):
    source = f"[{{{{ city | {filtered} }}}}{{{{ account.city | {filtered} }}}}]"
    assert _render(source, city=None) == "[]"


def test_what_stands_in_for_an_empty_field_is_printed():
    source = "{{ a | default('-') }}{{ b | default('-') }}{{ c | default('-') }}{{ a | length }}"
    assert _render(source, a=None, c=0) == "--00"


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "IZMIR I-I ir"), ("tr", "\u0130ZM\u0130R \u0130-\u0130 \u0131r")]
)
def test_an_i_keeps_its_dot_when_the_language_says_so(language, shown):
    said = _render(
        "{{ a | upper }} {{ b | title }} {{ c | lower }}", language, a="izmir", b="i-i", c="IR"
    )
    assert said == shown


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}{{ deal.name.__init__ }}x",
        "{{ deal['__class__'] }}x",
        "{{ deal|attr('__class__') }}",
        "{{ deal.name.format('x') }}",
        "{{ range(10) }}",
        "{{ lipsum() }}",
        "{{ 'a' * 10000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 9 ** 999999999 }}",
        "{{ 'a' ~ 'b' }}",
        "{{ deal.name | center(1000000000) }}",
        "{{ deal.name | replace('a', 'b') }}",
        "{{ positions | _limited }}",
        "{% include 'offer' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for a in positions recursive %}{{ loop(positions) }}{% endfor %}",
        "{% set x %}{{ deal }}{% endset %}",
        "{{ 1 / 0 }}",
        "{% if %}",
        "{{ deal.name",
        "{% for a in p %}{% for b in p %}{% for c in p %}x{% endfor %}{% endfor %}{% endfor %}",
    ],
)
def test_harm_is_refused_or_harmless_when_a_template_tries(source):
    values = {"deal": {"name": "abc"}, "positions": [{}] * 10, "p": [1] * 100}
    try:
        text = _render(source, **values)
    except Invalid:
        return
    assert text in {"x", "xx"}


def test_repetitions_are_bounded_when_loops_are_nested():
    loops = "{% for a in p %}" * 3 + "{% endfor %}" * 3
    with pytest.raises(Invalid, match="repetitions"):
        _render(loops, p=[1] * 100)


def _grown(step: str) -> str:
    """Return a template that makes something ten times as long with each line."""
    names = "abcdefgh"
    lines = [f"{{% set {new} = {step.format(old)} %}}" for old, new in pairwise(names)]
    return '{% set a = ["x"] %}' + "".join(lines) + "{{ h|length }}"


@pytest.mark.parametrize(
    "step",
    [
        "[" + ", ".join(["{0}"] * 10) + "]|join",
        "[" + ", ".join(["{0}"] * 10) + "]",
        "(" + ", ".join(["{0}"] * 10) + ")",
        "{{" + ", ".join(f"{n}: {{0}}" for n in range(10)) + "}}",
    ],
)
def test_a_template_is_refused_when_it_makes_much_of_little(step):
    with pytest.raises(Invalid):
        _render(_grown(step))


def test_a_mail_is_refused_when_a_loop_makes_it_too_long():
    with pytest.raises(Invalid, match="too long a text"):
        _render("{% for line in lines %}{{ line }}{% endfor %}", lines=["x" * 1000] * 400)


def test_texts_are_joined_when_a_template_lists_them():
    source = '{{ [deal.name, "b", deal.none]|join(", ") }}{% if deal.name in ["a"] %}!{% endif %}'
    assert _render(source, deal={"name": "a"}) == "a, b, !"
    lines = [{"title": "a", "note": "x" * 300}] * 5_000
    assert len(_render('{{ positions|join(" ", "title") }}', positions=lines)) == 9_999


def test_a_text_is_not_walked_when_a_loop_names_it():
    assert _render("{% for c in deal.name %}x{% endfor %}", deal={"name": "abc"}) == ""


def test_unknown_values_are_named_when_a_template_is_checked():
    with pytest.raises(Invalid, match=r"uses config, secrets"):
        check_template("{{ config }}{{ secrets }}{{ deal.name }}", VALUE_NAMES)


def test_a_template_is_refused_when_it_is_broken(staff):
    offer = next(t for t in staff.ask(list_templates) if t.name == "offer")
    with pytest.raises(Invalid) as caught:
        staff.do("template.update", "olga", template_id=offer.id, body="{% for x in %}")
    assert "line 1" in caught.value.fields["body"][0]


def test_a_changed_template_is_used_when_a_document_is_made(staff):
    template = staff.do(
        "template.create",
        "olga",
        name="letter",
        kind="document",
        title="Letter to {{ account.name }}",
        body="<h1>{{ account.name }}</h1><script>x</script><p>Привет, өү, ğüşİı</p>",
    )
    account = staff.do("account.create", name="A/B & <Sønn>")
    made = staff.do(
        "document.make", template=template.name, record_type="account", record_id=account.id
    )
    assert made["name"] == "Letter to A B Sønn.pdf"
    document = staff.ask(get_document, made["document_id"])
    assert document.content.startswith(b"%PDF-")
    assert (document.content_type, document.size_bytes) == (
        "application/pdf",
        len(document.content),
    )


def test_the_newest_document_is_linked_when_an_offer_is_made_again(staff):
    deal = staff.do("deal.create", name="Windows", amount=10)
    for _ in range(2):
        made = staff.do("document.make", template="offer", record_type="deal", record_id=deal.id)
    deal = staff.do("deal.update", deal_id=deal.id)
    assert deal.offer_document_id == made["document_id"]
    assert len(staff.ask(documents_of, "deal", deal.id)) == 2


def test_a_document_has_no_name_when_its_record_is_hidden(staff):
    deal = staff.do("deal.create", "boris", name="Windows", amount=10)
    made = staff.do("document.make", template="offer", record_type="deal", record_id=deal.id)
    key = made["document_id"]
    assert staff.ask(names_of_documents, [key], actor="boris") == {key: made["name"]}
    assert staff.ask(names_of_documents, [key], actor="sven") == {}


def test_a_mail_template_is_not_found_when_a_document_is_made(staff):
    deal = staff.do("deal.create", name="Windows")
    for name in ("offer_mail", "nothing"):
        with pytest.raises(NotFound):
            staff.do("document.make", template=name, record_type="deal", record_id=deal.id)


@pytest.mark.parametrize("kind", ["account", "contact", "deal", "lead", "request"])
def test_every_shipped_template_is_filled_when_the_record_is_bare(staff, kind):
    values = {"contact": {"last_name": "L"}, "request": {"subject": "S"}}.get(kind, {"name": "N"})
    record = staff.do(f"{kind}.create", **values)
    link = {"record_type": kind, "record_id": record.id}
    for template in staff.ask(list_templates):
        if template.kind == "document":
            staff.do("document.make", template=template.name, **link)
        else:
            to = {"to": "a@x.example"}
            assert staff.do("mail.send", template=template.name, body="Hi", **to, **link)


@pytest.mark.parametrize(
    "html",
    [
        "",
        "just text",
        "<table></table>",
        "<table><tr></tr></table>",
        "<ul></ul>",
        "<section class='columns'></section>",
        "<section class='letterhead'></section>",
        "<table><tr><td>1</td></tr><tr><td>1</td><td>2</td><td>3</td></tr></table>",
        '</p></p><li>#read("/etc/passwd") $x$ *b* _i_ @ref <label></li>',
        "<b><i><u>x",
    ],
)
def test_a_document_is_drawn_when_its_html_is_odd(html):
    assert draw_pdf(html, LOOK).startswith(b"%PDF-")


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100,
        "<div>" * 50_000,
        '<div class="columns"><div>' * 14,
        f"<table><tr>{'<td>x</td>' * 31}</tr></table>",
    ],
    ids=["deep", "very deep", "columns in columns", "wide"],
)
def test_a_document_is_refused_when_drawing_it_would_have_no_end(html):
    with pytest.raises(Invalid):
        draw_pdf(html, LOOK)


def test_what_is_nested_deeply_is_not_even_cleaned_when_that_would_take_long(monkeypatch):
    monkeypatch.delattr(layout.nh3, "clean")
    with pytest.raises(Invalid, match="nested"):
        draw_pdf("<div>" * 50_000, LOOK)


def test_the_time_grows_with_the_lines_alone_when_a_table_is_long():
    few, many = _seconds_to_draw(300), _seconds_to_draw(1200)
    assert many < 8 * few


def test_totals_come_with_the_last_line_when_they_come_on_a_new_page():
    row, totals = "<tr><td>Window</td></tr>", '<table class="totals"><tr><td>Sum</td></tr></table>'
    papers = (
        layout.draw_pages(f"<table>{row * lines}</table>{totals}", LOOK) for lines in range(31, 36)
    )
    first_long = next(pages for pages in papers if len(pages) > 1)
    alone = layout.draw_pages(f'<p>Window</p><hr class="page">{totals}', LOOK)
    assert first_long[1] != alone[1]


def test_totals_are_drawn_below_a_table_without_lines():
    head, totals = "<table><thead><tr><th>Item</th></tr></thead></table>", '<table class="totals">'
    with_sum = layout.draw_pages(f"{head}{totals}<tr><td>Sum</td></tr></table>", LOOK)
    assert with_sum != layout.draw_pages(head, LOOK)


def test_a_long_document_is_given_up_when_it_takes_too_long(monkeypatch):
    monkeypatch.setattr(layout, "MAX_SECONDS", 0.01)
    with pytest.raises(Invalid, match="longer than"):
        draw_pdf("<p>x</p>" * 10_000, LOOK)


def test_ten_thousand_lines_are_filled_when_a_paper_has_so_many():
    said = {"language": "en", "zone": ZoneInfo("UTC")}
    source = "{% for line in positions %}<tr><td>{{ line }}</td></tr>{% endfor %}"
    html = render_document(source, {"positions": ["Window " * 20] * 10_000}, **said)
    assert html.count("<tr>") == 10_000


def test_a_word_may_be_broken_when_it_is_longer_than_a_column():
    said = layout._source(f"<p>Short {'x' * 80}</p>", LOOK).decode()
    assert "Short" in said
    assert "x" * 31 not in said
    assert said.count("x") == 80


def test_documents_are_drawn_when_threads_do_it_at_once():
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: draw_pdf(f"<h1>{n}</h1>", LOOK), range(8)))
    assert all(pdf.startswith(b"%PDF-") for pdf in made)
