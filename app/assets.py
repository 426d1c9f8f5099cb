"""The built front end: tags and hashed addresses for templates, and its files over HTTP."""

import json
import re
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast

from flask import Blueprint, Flask, Response, current_app, request, send_from_directory, url_for
from markupsafe import Markup, escape
from werkzeug.exceptions import NotFound

BUILT: Final = Path(__file__).parent / "static" / "dist"
_YEAR_SECONDS: Final = 365 * 24 * 3600
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_SYMBOL_ID: Final = re.compile(r'<symbol id="([^"]+)"')

blueprint = Blueprint("assets", __name__)


class FrontendNotBuiltError(RuntimeError):
    """The front end's files are missing; the message says how to build them."""


class UnknownAssetError(KeyError):
    """A template names an entry or an icon that the front end doesn't have."""


class Assets:
    """The build's manifest, read on first use and then kept.

    A failed reading isn't kept, so that a server started before the build finds it afterwards.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def manifest(self) -> dict[str, dict[str, Any]]:
        """Vite's manifest: source path to its chunk.

        Raises:
            FrontendNotBuiltError: there is no manifest.
        """
        try:
            text = (self.folder / "manifest.json").read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise FrontendNotBuiltError(
                "The front end is not built. Run `npm ci && npm run build` in frontend/ and reload."
            ) from error
        return cast("dict[str, dict[str, Any]]", json.loads(text))

    @cached_property
    def icons(self) -> frozenset[str]:
        """Names of the icons in the sprite."""
        sprite = self.folder / self.chunk("icons.svg")["file"]
        return frozenset(_SYMBOL_ID.findall(sprite.read_text(encoding="utf-8")))

    def chunk(self, entry: str) -> dict[str, Any]:
        """Return the manifest's record of `entry`, such as "base.ts" or "icons.svg".

        Raises:
            UnknownAssetError: the front end has no such entry.
        """
        for source in (f"src/{entry}", entry):
            if source in self.manifest:
                return self.manifest[source]
        raise UnknownAssetError(f"The front end has no entry {entry!r}")

    def styles(self, entry: str) -> list[str]:
        """Return the style sheets of `entry` and of what it imports at once, each one time."""
        found: dict[str, None] = {}
        waiting = [self.chunk(entry)]
        for chunk in waiting:
            found.update(dict.fromkeys(chunk.get("css", ())))
            waiting.extend(self.manifest[name] for name in chunk.get("imports", ()))
        return list(found)


def init_assets(app: Flask, folder: Path = BUILT) -> None:
    """Give templates `asset`, `asset_tags` and `icon`, and serve the files under /static/dist/.

    The template globals expect a Jinja global `csp_nonce()`; without it the tags carry no nonce.
    """
    app.extensions["assets"] = Assets(folder)
    app.register_blueprint(blueprint)
    app.register_error_handler(FrontendNotBuiltError, _explain_missing_build)
    app.jinja_env.globals.update(asset=asset_url, asset_tags=asset_tags, icon=icon)


def asset_url(entry: str) -> str:
    """Return the hashed address of an entry's file: `asset("base.ts")`."""
    return _file_url(_assets().chunk(entry)["file"])


def asset_tags(entry: str) -> Markup:
    """Return the style sheet and module script tags of an entry, with this response's nonce."""
    assets = _assets()
    nonce = _nonce_attribute()
    links = [
        Markup('<link rel="stylesheet" href="{}"{}>').format(_file_url(name), nonce)
        for name in assets.styles(entry)
    ]
    script = Markup('<script type="module" src="{}"{}></script>').format(asset_url(entry), nonce)
    return Markup("\n").join([*links, script])


def icon(name: str, css_class: str = "", *, label: str | None = None) -> Markup:
    """Return an icon of the sprite; decorative unless `label` says what it means.

    Raises:
        UnknownAssetError: the name is not in frontend/src/icons.ts.
    """
    if name not in _assets().icons:
        raise UnknownAssetError(f"No icon {name!r}: add it to frontend/src/icons.ts and build")
    meaning = (
        Markup('role="img" aria-label="{}"').format(label)
        if label
        else Markup('aria-hidden="true" focusable="false"')
    )
    return Markup('<svg class="icon {}" {}><use href="{}#{}"></use></svg>').format(
        css_class, meaning, asset_url("icons.svg"), name
    )


@blueprint.get("/static/dist/<path:name>")
def file(name: str) -> Response:
    """Serve one built file, in the best encoding that lies beside it and the client takes."""
    folder = _assets().folder
    for encoding, suffix in _ENCODINGS:
        if request.accept_encodings.quality(encoding) and (folder / f"{name}{suffix}").is_file():
            response = _send(folder, name, suffix)
            response.headers["Content-Encoding"] = encoding
            break
    else:
        response = _send(folder, name, "")
    response.vary.add("Accept-Encoding")
    return response


def _send(folder: Path, name: str, suffix: str) -> Response:
    if name.endswith((".br", ".gz", "manifest.json")):
        raise NotFound
    # Names carry a hash of their content, so a file never changes under its address.
    response = send_from_directory(folder, f"{name}{suffix}", max_age=_YEAR_SECONDS)
    response.cache_control.immutable = True
    response.mimetype = _media_type(name)
    return response


def _media_type(name: str) -> str:
    kinds = {
        ".js": "text/javascript",
        ".css": "text/css",
        ".svg": "image/svg+xml",
        ".woff2": "font/woff2",
        ".png": "image/png",
    }
    return kinds.get(Path(name).suffix, "application/octet-stream")


def _explain_missing_build(error: FrontendNotBuiltError) -> Response:
    return Response(str(error), HTTPStatus.SERVICE_UNAVAILABLE, mimetype="text/plain")


def _assets() -> Assets:
    return cast("Assets", current_app.extensions["assets"])


def _file_url(name: str) -> str:
    return url_for("assets.file", name=name)


def _nonce_attribute() -> Markup:
    csp_nonce = current_app.jinja_env.globals.get("csp_nonce")
    return Markup(' nonce="{}"').format(escape(csp_nonce())) if callable(csp_nonce) else Markup("")
