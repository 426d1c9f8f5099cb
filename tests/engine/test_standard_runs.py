"""How sound models run, as it is seen from outside (see `standard/runs.yaml`)."""

from datetime import UTC, datetime

import pytest

from tests.engine.standard import load_rows, xml_of
from tests.laboratory import run_request

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROWS = load_rows("runs")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["rule"])
def test_model_runs_as_the_standard_says_when_it_is_played(row):
    request = {name: row[name] for name in ("variables", "process", "steps") if name in row}
    answer = run_request({"id": 1, "model": xml_of(row), **request}, NOW)
    shown = {
        "status": answer["status"],
        "trace": " ".join(answer["trace"]),
        "waiting": " ".join(one["element"] for one in answer["waiting"]),
        "incidents": " ".join(one["element"] for one in answer["incidents"]),
        "after": answer["variables"],
    }
    assert answer["errors"] == []
    assert shown == {
        "status": row["status"],
        "trace": row["trace"],
        "waiting": row.get("waiting", ""),
        "incidents": row.get("incidents", ""),
        "after": row.get("after", row.get("variables", {})),
    }
