"""What protects every page: headers, content security policy, CSRF, origin, size."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import create_app
from tests.app.conftest import PASSWORD, PEOPLE

POLICY = re.compile(r"script-src 'self' 'nonce-([\w-]+)'")


def test_pages_forbid_what_they_do_not_need(visitor):
    headers = visitor.get("/sign-in").headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_each_page_has_its_own_nonce(visitor):
    first, second = visitor.get("/sign-in"), visitor.get("/sign-in")
    nonces = [POLICY.search(page.headers["Content-Security-Policy"])[1] for page in (first, second)]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[0]}"' in first.text


def test_a_form_from_another_site_is_refused_though_its_token_fits(browse):
    browser = browse("employee")
    data = {"csrf_token": browser.csrf, "name": "Kari"}
    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert browser.client.post("/leads/new", data=data, headers=headers).status_code == 403


def test_a_form_of_our_own_origin_is_taken(browse):
    browser = browse("employee")
    data = {"csrf_token": browser.csrf, "name": "Kari"}
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert browser.client.post("/leads/new", data=data, headers=headers).status_code == 302


def test_a_token_of_another_session_is_refused(browse):
    browser, other = browse("employee"), browse("colleague")
    data = {"csrf_token": other.csrf, "name": "Kari"}
    response = browser.client.post("/leads/new", data=data)
    assert response.status_code == 400
    assert "The page is out of date" in response.text


def test_the_api_takes_no_cookie_without_csrf_token(browse):
    response = browse("employee").client.post("/api/v1/leads", json={"name": "Kari"})
    assert response.status_code == 400
    assert response.json["code"] == "csrf"


def test_the_api_ignores_the_cookie_when_a_token_is_shown(browse):
    headers = {"Authorization": "Bearer lw_not_a_token"}
    response = browse("employee").client.get("/api/v1/leads", headers=headers)
    assert response.status_code == 401


def test_a_body_above_the_limit_is_refused(browse):
    browser = browse("employee")
    response = browser.post("/leads/new", name="Kari", wishes="x" * (17 * 1024 * 1024))
    assert response.status_code == 413


def test_no_password_and_no_token_reaches_the_log(app, visitor, caplog, capsys):
    app.logger.info("first")
    visitor.sign_in(PEOPLE["employee"][0])
    visitor.get("/status/secret-token")
    output = capsys.readouterr()
    written = caplog.text + output.out + output.err
    assert PASSWORD not in written
    assert "secret-token" not in written


@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 404)])
def test_a_client_is_known_by_its_own_address_behind_trusted_proxies_only(
    platform_with, people, front_end, proxies, status
):
    app = create_app(platform_with(trusted_proxies=proxies), front_end=front_end)
    client = app.test_client()
    for number in range(21):
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        answer = client.get("/status/nothing", headers=headers)
    assert answer.status_code == status


def test_no_value_reaches_the_log_when_the_database_refuses_it(platform):
    with pytest.raises(DBAPIError) as refused, platform.session() as session:
        session.execute(text("SELECT :given"), {"given": "secret\x00"})
    assert "secret" not in str(refused.value)
