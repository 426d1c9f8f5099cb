"""The pages of imports and exports, their API, and their commands."""

from __future__ import annotations

import base64
import csv
import io
import re
from html import unescape
from urllib.parse import quote, urlsplit

import pytest

from app import create_app
from app.exports import file_response
from processes.jobs.draining import drain
from services.actors import SYSTEM
from services.errors import NotFound
from services.records.lists import list_records

PEOPLE = b"First name,Last name,E-mail,Company\nAnna,Berg,a@berg.no,Nordlys\nOle,Lie,nobody,\n"


@pytest.fixture
def flask(platform, front_end):
    """Run a command line of ``flask``."""
    runner = create_app(platform, front_end=front_end).test_cli_runner()
    return lambda *words: runner.invoke(args=[str(word) for word in words])


def upload(olga, content=PEOPLE, record_type="contact", name="people.csv") -> str:
    olga.get("/imports/new")
    answer = olga.post("/imports/new", record_type=record_type, file=(io.BytesIO(content), name))
    assert answer.status_code == 302, answer.text
    answer.close()
    return urlsplit(answer.headers["Location"]).path


def chosen(page: str) -> dict[str, object]:
    """Return what the mapping form would send as it is shown."""
    form: dict[str, object] = {}
    selects = r'<select[^>]*name="([\w-]+)"[^>]*>(.*?)</select>'
    for name, options in re.findall(selects, page, re.DOTALL):
        found = re.search(r'value="([^"]*)" selected', options)
        form[name] = found.group(1) if found else ""
    boxes = r'type="checkbox"[^>]*name="([\w-]+)" value="(\w+)" checked'
    for name, value in re.findall(boxes, page):
        form[name] = [*form.get(name, []), value]  # type: ignore[misc]
    return form


def test_the_page_says_so_when_rows_of_an_unknown_kind_are_to_be_imported(browse):
    olga = browse("administrator")
    page = olga.get("/imports/new?record_type=unicorn").text
    assert "There is no such kind of rows: “unicorn”." in page
    assert '<option value="" selected>Choose …</option>' in page
    page = olga.get("/imports/new?record_type=price").text
    assert '<option value="price" selected>Prices</option>' in page
    assert "no such kind" not in page


def test_a_file_goes_through_all_pages_when_it_is_imported_and_undone(browse, platform):
    olga = browse("administrator")
    place = upload(olga)
    page = olga.get(place).text
    assert "Map columns" in page
    form = chosen(page)
    assert form["field-3"] == "account_id"
    olga.post(f"{place}/check", **form, **{"create-3": "1"})
    assert "nothing is written" in olga.get(place).text
    drain(platform)
    page = olga.get(place).text
    assert "1 to create" in page
    assert "This is not a valid e-mail address." in page
    refused = olga.get(f"{place}/refused")
    assert "refused.csv" in refused.headers["Content-Disposition"]
    assert "Ole,Lie,nobody,,E-mail: This is not" in refused.get_data(as_text=True)
    olga.post(f"{place}/do/run")
    assert "Importing." in olga.get(place).text
    drain(platform)
    assert "The import is through." in olga.get(place).text
    assert "Anna Berg" in olga.get("/contacts").text
    assert "people.csv" in olga.get("/imports").text
    olga.post(f"{place}/do/revert")
    drain(platform)
    assert "The import was undone." in olga.get(place).text
    assert "Anna Berg" not in olga.get("/contacts").text
    assert olga.post(f"{place}/do/delete").headers["Location"] == "/imports"


def test_the_mapping_follows_what_is_chosen_when_a_field_changes(browse):
    olga = browse("administrator")
    place = upload(olga, b"Name,Closing,Sum\nRoof,01/02/2026,1.5\n", "deal")
    page = olga.get(f"{place}?mapping=1&field-0=name&field-1=expected_close_on").text
    assert "don&#39;t tell how this is written" in page or "don't tell how" in page
    assert 'name="order-1"' in page


def test_a_refused_plan_keeps_what_was_chosen_when_it_is_shown_again(browse):
    olga = browse("administrator")
    place = upload(olga)
    answer = olga.post(f"{place}/check", **{"field-0": "last_name", "policy": "both"})
    assert answer.status_code == 422
    assert "records that are there already" in unescape(answer.text)
    assert re.search(r'name="field-0".*?value="last_name" selected', answer.text, re.DOTALL)


def test_a_file_that_can_not_be_read_says_why_when_it_is_shown(browse):
    olga = browse("administrator")
    place = upload(olga, b'a,b\n1,"open\n')
    assert "never closed" in olga.get(place).text
    answer = olga.post("/imports/new", record_type="contact", file=(io.BytesIO(b"%PDF"), "x.pdf"))
    assert answer.status_code == 422
    assert "no table" in answer.text
    answer = olga.post("/imports/new", record_type="contact")
    assert answer.status_code == 422


def send_large(browser, content: bytes):
    """Upload a file as one body: the client would leave a temporary file open."""
    browser.get("/profile")
    parts = {"csrf_token": browser.csrf, "record_type": "contact"}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    ).encode()
    body += b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    body += content + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    return browser.client.post("/imports/new", data=body, content_type=kind)


def test_only_those_who_may_import_send_large_files_when_they_try(browse, platform):
    limit = platform.settings.request_limit_bytes
    large = b"Last name,Description\nBerg," + b"x" * 1000 + b"\n"
    large += b"".join(b"B%d,%s\n" % (n, b"x" * 50_000) for n in range(limit // 50_000 + 2))
    olga = browse("administrator")
    answer = send_large(olga, large)
    assert answer.status_code == 302
    assert "is being read" in olga.get(answer.headers["Location"]).text
    assert send_large(browse("employee"), large).status_code == 413


def test_employees_have_no_buttons_when_they_may_not(browse):
    assert "/imports/new" not in browse("employee").get("/contacts").text
    page = browse("administrator").get("/contacts").text
    assert "/imports/new?record_type=contact" in page
    assert "/exports/new?record_type=contact" in unescape(page)


def test_a_list_is_exported_as_it_is_narrowed_when_asked_for(browse, as_person):
    as_person("employee", "account.create", {"name": "Nordlys", "city": "Oslo"})
    as_person("employee", "account.create", {"name": "Berg", "city": "Bergen"})
    olga = browse("administrator")
    link = re.search(r'href="(/exports/new[^"]+)"', olga.get("/accounts?q=nordlys").text).group(1)
    page = olga.get(unescape(link)).text
    assert "1 record, as the list is narrowed" in page
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    hidden = {name: unescape(value) for name, value in hidden.items() if name != "csrf_token"}
    answer = olga.post("/exports/new", **hidden, kind="csv", columns=["name", "city"])
    assert answer.headers["Location"] == "/exports"
    file = re.search(r'href="(/exports/[^"]+/file)"', olga.get("/exports").text).group(1)
    content = olga.get(file)
    assert content.headers["Content-Disposition"].startswith("attachment")
    assert list(csv.reader(io.StringIO(content.get_data().decode("utf-8-sig")))) == [
        ["Name", "City"],
        ["Nordlys", "Oslo"],
    ]
    key = file.split("/")[2]
    assert browse("employee").get(file).status_code == 403
    olga.post(f"/exports/{key}/do/delete")
    assert olga.get(file).status_code == 404


@pytest.mark.parametrize("text", ["5", '"x"', '["a"]', "{"])
def test_the_filter_is_refused_when_it_is_none(browse, text):
    answer = browse("administrator").get(f"/exports/new?record_type=account&filter={quote(text)}")
    assert answer.status_code == 422
    assert "This filter can" in answer.text


def test_nothing_happens_when_the_action_is_unknown(browse):
    olga = browse("administrator")
    place = upload(olga)
    assert olga.post(f"{place}/do/frobnicate").status_code == 404
    assert "Map columns" in olga.get(place).text


def test_a_file_is_imported_over_the_api_when_a_program_sends_it(api, platform):
    call = api("administrator")
    content = base64.b64encode(PEOPLE).decode()
    body = {"record_type": "contact", "file_name": "x.csv", "content": content}
    key = call("POST", "/operations/import.create", body).json["import_id"]
    answer = call("POST", "/operations/import.check", {"import_id": key})
    assert answer.status_code == 200, answer.text
    drain(platform)
    assert call("POST", "/operations/import.run", {"import_id": key}).status_code == 200
    again = call("POST", "/operations/import.run", {"import_id": key})
    assert again.status_code == 409
    told = call("GET", f"/imports/{key}").json
    assert told["checked"] == {"error": 2}
    assert call("GET", f"/imports/{key}/rows").json["items"][0]["outcome"] == "error"
    made = call("POST", "/operations/export.start", {"record_type": "contact"}).json["export_id"]
    assert call("GET", f"/exports/{made}/file").get_data().startswith(b"\xef\xbb\xbf")
    assert api("employee")("GET", f"/imports/{key}").status_code == 403


def test_a_file_is_imported_and_a_list_exported_when_a_command_says_so(flask, tmp_path, platform):
    file = tmp_path / "people.csv"
    file.write_bytes(PEOPLE.replace(b"First name", b"X"))
    refused = tmp_path / "refused.csv"
    words = ("import", file, "--type", "contact", "--mapping", "X=first_name")
    words += ("--create", "account_id", "--refused", refused)
    result = flask(*words, "--dry-run")
    assert "Dry run: 1 create, 1 error." in result.output, result.output
    result = flask(*words)
    assert result.exit_code == 0, result.output
    assert "Import: 1 create, 1 error, 1 linked." in result.output
    assert "row 3: E-mail: This is not a valid e-mail address." in result.output
    assert "Ole,Lie,nobody" in refused.read_text(encoding="utf-8-sig")
    page = platform.transact(SYSTEM, lambda uow: list_records(uow, "contact"))
    assert [one.name for one in page.items] == ["Anna Berg"]
    out = tmp_path / "out.xlsx"
    assert "1 rows are in" in flask("export", "contact", out, "--keys").output
    again = flask("import", out, "--type", "contact")
    assert "Import: 1 unchanged." in again.output, again.output
    assert "must end in" in flask("export", "contact", tmp_path / "x.txt").output
    assert flask("import", file, "--type", "nothing").exit_code == 1
    assert flask("import", file, "--type", "contact", "--user", "x@y.no").exit_code == 1


def test_a_large_file_is_sent_in_blocks_when_it_is_fetched():
    written = b"x" * 600_000
    answer = file_response(lambda file: file.write(written), "csv", "large.csv")
    blocks = list(answer.response)
    assert answer.content_length == len(written)
    assert (b"".join(blocks), max(map(len, blocks))) == (written, 256 * 1024)


def test_no_file_stays_open_when_its_writing_fails():
    files = []

    def write(file):
        files.append(file)
        raise NotFound("gone")

    with pytest.raises(NotFound):
        file_response(write, "csv", "x.csv")
    assert files[0].closed
