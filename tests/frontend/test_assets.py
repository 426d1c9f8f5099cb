"""Tags, icons and files of the built front end."""

import gzip
import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.assets import UnknownAssetError, asset_tags, asset_url, icon, init_assets

MANIFEST = {
    "src/base.ts": {
        "file": "assets/base-1.js",
        "css": ["assets/base-1.css"],
        "imports": ["_part.js"],
    },
    "_part.js": {"file": "assets/part-1.js", "css": ["assets/part-1.css"]},
    "icons.svg": {"file": "assets/icons-1.svg"},
}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    (tmp_path / "assets/icons-1.svg").write_text('<svg><symbol id="star"/></svg>', encoding="utf-8")
    (tmp_path / "assets/base-1.js").write_text("let a = 1;", encoding="utf-8")
    (tmp_path / "assets/base-1.js.gz").write_bytes(gzip.compress(b"let a = 1;"))
    (tmp_path / "assets/part-1.css").write_text("a{}", encoding="utf-8")
    return tmp_path


@pytest.fixture
def small(dist: Path) -> Flask:
    app = Flask("small")
    init_assets(app, dist)
    app.jinja_env.globals["csp_nonce"] = lambda: 'n"1'
    app.add_url_rule("/page", view_func=lambda: str(asset_tags("base.ts")))
    return app


def test_tags_carry_nonce_and_all_styles_when_an_entry_imports_others(small: Flask):
    with small.test_request_context():
        tags = str(asset_tags("base.ts"))
    assert tags.splitlines() == [
        '<link rel="stylesheet" href="/static/dist/assets/base-1.css" nonce="n&#34;1">',
        '<link rel="stylesheet" href="/static/dist/assets/part-1.css" nonce="n&#34;1">',
        '<script type="module" src="/static/dist/assets/base-1.js" nonce="n&#34;1"></script>',
    ]


def test_address_is_hashed_when_an_asset_is_named(small: Flask):
    with small.test_request_context():
        assert asset_url("base.ts") == "/static/dist/assets/base-1.js"


def test_template_fails_at_once_when_it_names_what_does_not_exist(small: Flask):
    with small.test_request_context():
        with pytest.raises(UnknownAssetError, match=r"nothing\.ts"):
            asset_url("nothing.ts")
        with pytest.raises(UnknownAssetError, match=r"frontend/src/icons\.ts"):
            icon("nothing")


def test_icon_is_hidden_from_screen_readers_when_it_has_no_label(small: Flask):
    with small.test_request_context():
        assert 'aria-hidden="true"' in icon("star")
        assert 'aria-label="&lt;b&gt;"' in icon("star", label="<b>")


def test_page_says_how_to_build_when_the_front_end_is_missing(tmp_path: Path):
    app = Flask("unbuilt")
    init_assets(app, tmp_path)
    app.add_url_rule("/page", view_func=lambda: str(asset_tags("base.ts")))
    answer = app.test_client().get("/page")
    assert answer.status_code == 503
    assert "npm ci && npm run build" in answer.text


def test_front_end_is_found_when_it_is_built_after_the_start(dist: Path):
    (dist / "manifest.json").rename(dist / "later.json")
    app = Flask("later")
    init_assets(app, dist)
    app.add_url_rule("/page", view_func=lambda: str(asset_tags("base.ts")))
    client = app.test_client()
    assert client.get("/page").status_code == 503
    (dist / "later.json").rename(dist / "manifest.json")
    assert client.get("/page").status_code == 200


def test_file_may_be_kept_for_a_year_when_it_is_served(small: Flask):
    with small.test_client().get("/static/dist/assets/part-1.css") as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.content_type == "text/css; charset=utf-8"


def test_file_is_sent_compressed_when_the_client_takes_it(small: Flask):
    path = "/static/dist/assets/base-1.js"
    with small.test_client().get(path, headers={"Accept-Encoding": "gzip, br"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == "Accept-Encoding"
        assert packed.content_type == "text/javascript; charset=utf-8"
        assert gzip.decompress(packed.data) == b"let a = 1;"


def test_file_is_sent_plain_when_the_client_takes_nothing_else(small: Flask):
    path = "/static/dist/assets/base-1.js"
    with small.test_client().get(path, headers={"Accept-Encoding": "identity"}) as plain:
        assert "Content-Encoding" not in plain.headers
        assert plain.data == b"let a = 1;"


@pytest.mark.parametrize(
    "path", ["manifest.json", "assets/base-1.js.gz", "../assets.py", "assets/%2e%2e/manifest.json"]
)
def test_file_is_not_found_when_it_is_not_meant_for_browsers(small: Flask, path: str):
    assert small.test_client().get(f"/static/dist/{path}").status_code == 404


def test_policy_is_kept_when_pages_are_rendered(client: FlaskClient):
    for name in ("list", "record", "form", "viewer", "modeller", "public"):
        page = client.get(f"/show/{name}").text
        assert " style=" not in page
        assert " onclick=" not in page
