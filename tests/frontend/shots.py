"""Photograph every page of the site: `python -m tests.frontend.shots FOLDER [NAME…]`."""

import sys
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, ConsoleMessage, sync_playwright
from werkzeug.serving import make_server

from tests.frontend.site import create_site

WIDTHS = (1280, 375)
THEMES = ("light", "dark")


def photograph(browser: Browser, base: str, name: str, folder: Path) -> None:
    for theme in THEMES:
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
            page.on("console", lambda message: hear(name, message))
            page.on("pageerror", lambda error: complain(name, str(error)))
            page.goto(f"{base}/show/{name}", wait_until="networkidle")
            page.screenshot(path=str(folder / f"{name}-{theme}-{width}.png"), full_page=width < 500)
            page.close()


def hear(name: str, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        complain(name, message.text)


def complain(name: str, text: str) -> None:
    sys.stderr.write(f"{name}: {text[:300]}\n")


def main() -> None:
    folder = Path(sys.argv[1])
    names = sys.argv[2:] or sorted(
        path.stem for path in (Path(__file__).parent / "pages").glob("*.html")
    )
    server = make_server("127.0.0.1", 0, create_site(), threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name in names:
            photograph(browser, f"http://127.0.0.1:{server.port}", name, folder)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
