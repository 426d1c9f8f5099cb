"""Reports of scenarios, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from processes.laboratory.scenarios.testing import FileReport


def report_text(reports: Sequence[FileReport]) -> Iterator[str]:
    """Yield the lines that tell of coverage, as a table, and of the result."""
    rows = [("Process", "Elements", "Flows", "Covered"), *(_row(one) for one in reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    yield ""
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for report in reports:
        if report.coverage.missing:
            yield f"{report.file.process} lacks {', '.join(report.coverage.missing)}"
    count = sum(len(report.scenarios) for report in reports)
    failed = sum(not one.passed for report in reports for one in report.scenarios)
    yield ""
    yield f"{count} scenarios, {failed} failed" if failed else f"{count} scenarios passed"


def report_json(reports: Sequence[FileReport]) -> dict[str, Any]:
    """Return everything that reports tell as JSON."""
    return {
        "passed": all(report.passed for report in reports),
        "files": [
            {
                "file": str(report.file.path),
                "process": report.file.process,
                "scenarios": [
                    {
                        "name": one.name,
                        "passed": one.passed,
                        "failures": [
                            {"line": failure.line, "message": failure.message}
                            for failure in one.failures
                        ],
                    }
                    for one in report.scenarios
                ],
                "coverage": {
                    "percent": round(report.coverage.percent, 1),
                    "elements": len(report.coverage.elements),
                    "flows": len(report.coverage.flows),
                    "missing": report.coverage.missing,
                },
            }
            for report in reports
        ],
    }


def _row(report: FileReport) -> tuple[str, str, str, str]:
    found = report.coverage
    return (
        report.file.process,
        f"{len(found.elements & found.taken)} of {len(found.elements)}",
        f"{len(found.flows & found.taken)} of {len(found.flows)}",
        f"{found.percent:.1f} %",
    )
