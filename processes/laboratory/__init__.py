"""The engine seen from outside: models checked, played and decided without an installation.

Diagrams run on the production runtime with a database that is thrown away and a virtual clock:
each wait state is saved and loaded again. What they name but is not there (services, decisions,
forms) is answered from the request. One request is one JSON object, so is its answer.
"""

from processes.laboratory.checking import check_request
from processes.laboratory.deciding import decide_line, decide_request
from processes.laboratory.lines import answer_lines, json_line
from processes.laboratory.place import Laboratory, open_laboratory
from processes.laboratory.running import run_request

__all__ = [
    "Laboratory",
    "answer_lines",
    "check_request",
    "decide_line",
    "decide_request",
    "json_line",
    "open_laboratory",
    "run_request",
]
