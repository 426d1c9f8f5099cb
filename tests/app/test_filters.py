"""Filters over the API and in the addresses of lists."""

from __future__ import annotations

import json

import pytest

OSLO = {"field": "account.city", "op": "eq", "value": "Oslo"}


@pytest.fixture
def deals(api):
    call = api("manager")
    account = call("POST", "/accounts", {"name": "Alfa", "city": "Oslo"}).json
    call("POST", "/deals", {"name": "Doors", "amount": 500, "account_id": account["id"]})
    call("POST", "/deals", {"name": "Walls", "amount": 700})
    return call


def names(response):
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json["items"]]


def test_a_list_is_narrowed_when_its_address_has_a_filter(deals):
    url = "/deals?sort=name&filter="
    assert names(deals("GET", url + json.dumps(OSLO))) == ["Doors"]
    assert names(deals("GET", url)) == ["Doors", "Walls"]
    assert names(deals("GET", url + json.dumps(OSLO) + "&amount__gt=600")) == []


def test_records_are_found_when_a_filter_is_sent(deals):
    body = {"filter": {"not": OSLO}, "limit": 1, "sort": "name", "q": "wall"}
    assert names(deals("POST", "/deals/search", body)) == ["Walls"]
    assert names(deals("POST", "/deals/search", {"sort": "-name"})) == ["Walls", "Doors"]


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"field": "secret"}},
        {"filter": []},
        {"filter": OSLO, "limit": 0},
        {"limit": "many"},
        {"sort": "needs"},
        {"something": 1},
    ],
)
def test_a_search_is_refused_when_it_is_wrong(deals, body):
    response = deals("POST", "/deals/search", body)
    assert response.status_code == 422, response.text


def test_a_list_is_refused_when_its_filter_is_broken(deals):
    response = deals("GET", "/deals?filter={")
    assert response.status_code == 422
    assert response.json["errors"]["filter"]
