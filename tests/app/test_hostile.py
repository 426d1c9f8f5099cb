"""What hostile people and programs send: odd bytes in addresses and in every argument."""

from __future__ import annotations

import pytest
from werkzeug.routing import Rule

from services.operations import all_operations
from tests.app.test_route_matrix import VALUES

NUL = "a\x00b"
ODD = [NUL, "9" * 5000, [NUL], {NUL: NUL}, 10**18, 1e308, True, None, "\u202e"]
ARGUMENTS = ("q", "process", "state", "name", "email__contains", "cursor", "before", "next")
PATHS = (
    "/processes/a%00b",
    "/processes/a%00b/draw",
    "/api/v1/processes/a%00b/versions",
    "/pick/a%00b",
    "/status/a%00b",
)


def _address(app, rule: Rule) -> str:
    return app.url_map.bind("localhost").build(
        rule.endpoint, {name: VALUES.get(name) for name in rule.arguments}
    )


def _lists(app) -> list[str]:
    """Return the address of each GET route that takes no key, and so reads its arguments."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
    return [_address(app, rule) for rule in rules if not rule.arguments]


def test_no_list_fails_when_its_address_holds_odd_values(app, browse):
    browser = browse("administrator")
    for url in _lists(app):
        for name in ARGUMENTS:
            with browser.get(url, query_string={name: NUL}) as response:
                assert response.status_code < 500, (url, name)


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_found_when_a_path_holds_nul(browse, path):
    assert browse("administrator").get(path).status_code == 400


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
def test_no_operation_fails_when_an_argument_is_odd(api, value):
    call = api("administrator")
    for operation in all_operations():
        fields = operation.schema().load_fields
        required = {name: "x" for name, field in fields.items() if field.required}
        for name in fields:
            response = call("POST", f"/operations/{operation.name}", {**required, name: value})
            assert response.status_code < 500, (operation.name, name)


@pytest.mark.parametrize("limit", ["0001999999", "+5", "٣"])
def test_a_page_s_length_is_read_strictly(api, limit):
    assert api("administrator")("GET", f"/incidents?limit={limit}").status_code == 422
