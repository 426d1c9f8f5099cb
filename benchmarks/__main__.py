"""Measures everything and writes ``results.json`` and the table in ``README.md``."""

from __future__ import annotations

import argparse
import os
import platform as machine
from datetime import UTC, datetime
from pathlib import Path

import orjson

from benchmarks import completion, conditions, importing, inbox, records, throughput, web
from benchmarks.measuring import Row
from benchmarks.place import bench_platform
from benchmarks.scale import scale_platform

HERE = Path(__file__).parent
SUBJECTS = {
    "completion": completion.measure,
    "conditions": conditions.measure,
    "throughput": throughput.measure,
    "inbox": inbox.measure,
    "records": records.measure,
    "importing": importing.measure,
    "web": web.measure,
}
AT_SCALE = {"records"}
MARKS = {True: "yes", False: "**no**", None: ""}


def main(names: list[str], scale: float, *, keep: bool) -> None:
    """Measure the subjects called ``names``, or all, and keep what was found if ``keep``.

    ``scale`` 1 is a million contacts.
    """
    rows: dict[str, list[Row]] = {}
    for name in names or SUBJECTS:
        with scale_platform(scale) if name in AT_SCALE else bench_platform() as platform:
            rows[name] = SUBJECTS[name](platform)
        for row in rows[name]:
            print(f"{row.what}: {row.value} {row.target}".rstrip())
    if keep:
        write({**kept_rows(), **rows})


def kept_rows() -> dict[str, list[Row]]:
    """Return the results that were written last."""
    kept = orjson.loads((HERE / "results.json").read_bytes())["rows"]
    return {name: [Row(**row) for row in found] for name, found in kept.items()}


def write(rows: dict[str, list[Row]]) -> None:
    """Write the results as JSON and put the table into the README, below its marker."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    measured = {
        "at": at,
        "cores": os.cpu_count(),
        "python": machine.python_version(),
        "rows": {name: [row.as_dict() for row in found] for name, found in rows.items()},
    }
    (HERE / "results.json").write_bytes(
        orjson.dumps(measured, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    readme = HERE / "README.md"
    kept, marker, _ = readme.read_text().partition("<!-- results -->\n")
    readme.write_text(kept + marker + table(rows, at))


def table(rows: dict[str, list[Row]], at: str) -> str:
    """Return the Markdown table."""
    where = f"on {os.cpu_count()} cores, Python {machine.python_version()}"
    lines = [
        "",
        f"Measured {at[:10]} {where}, embedded PostgreSQL with fsync on.",
        "",
        "| What | Measured | Target | Met |",
        "|---|---|---|---|",
    ]
    for found in rows.values():
        for row in found:
            note = f"<br>*{row.note}*" if row.note else ""
            lines.append(f"| {row.what}{note} | {row.value} | {row.target} | {MARKS[row.is_met]} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("subjects", nargs="*", help=f"some of {', '.join(SUBJECTS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="of the records' data")
    parser.add_argument("--keep", action="store_true", help="put the subjects into the results")
    given = parser.parse_args()
    main(given.subjects, given.scale, keep=given.keep or not given.subjects)
