"""The search on pages and over the API."""

from __future__ import annotations

import pytest

from services.actors import SYSTEM
from services.operations import run


@pytest.fixture
def administrator(browse):
    return browse("administrator")


@pytest.fixture
def ask(api):
    """Ask over the API as somebody; the administrator if nobody is named."""
    return lambda path, kind="administrator": api(kind)("GET", path)


@pytest.fixture
def eva(platform, people):
    values = {"first_name": "Eva <b>", "last_name": "Lund", "email": "eva@nordlys.example"}
    return platform.transact(SYSTEM, lambda uow: run(uow, "contact.create", values))


def test_a_record_is_offered_while_it_is_typed(administrator, eva):
    found = administrator.get("/search/suggest?q=ev").text
    assert f'href="/contacts/{eva.id}"' in found
    assert "Eva &lt;b&gt; Lund" in found
    assert "<html" not in found
    assert "Nothing is called so" in administrator.get("/search/suggest?q=zzz").text
    assert administrator.get("/search/suggest?q=").text.strip() == ""


def test_a_hit_is_shown_when_a_choice_stands_beside_it(administrator, platform):
    values = {"name": "Ottilie Vang", "source": "Fair"}
    lead = platform.transact(SYSTEM, lambda uow: run(uow, "lead.create", values))
    found = administrator.get("/search/suggest?q=ottilie").text
    assert str(lead.id) in found
    assert lead.number in found
    assert "New" in found


def test_the_page_shows_what_is_found_of_one_type(administrator, eva):
    assert str(eva.id) in administrator.get("/search?q=nordlys").text
    assert str(eva.id) in administrator.get("/search?q=nordlys&type=contact").text
    assert "Nothing found" in administrator.get("/search?q=nordlys&type=deal").text
    assert administrator.get("/search").status_code == 200
    assert administrator.get("/search?q=%27%21%3A%26%7C%3C%3E%2A&type=no_such").status_code == 200


def test_others_records_are_not_offered_to_who_may_not_see_them(browse, ask, eva):
    assert str(eva.id) not in browse("desk").get("/search/suggest?q=eva").text
    assert ask("/search?q=eva", "desk").json == {"items": []}


def test_the_search_is_there_on_every_page(administrator):
    page = administrator.get("/").text
    assert 'id="search-dialog"' in page
    assert "data-open-search" in page


def test_programs_find_records_of_the_types_they_name(ask, eva):
    answer = ask("/search?q=eva&limit=5").json
    assert answer == {
        "items": [
            {
                "id": str(eva.id),
                "rank": "words",
                "record_type": "contact",
                "title": "Eva <b> Lund",
            }
        ]
    }
    assert ask("/search?q=eva&types=deal,lead").json == {"items": []}
    assert ask("/search?q=eva&types=no_such").status_code == 404
    assert ask("/search?q=eva&limit=101").status_code == 422
