"""The engine seen from outside: models checked, played and decided without an installation.

Everything happens in memory on a virtual clock: an instance is saved after each step and loaded
again for the next one, as the platform does, and what the engine asks of the layer above is
answered from the request. One request is one JSON object, so is its answer.
"""

from processes.laboratory.checking import check_request
from processes.laboratory.deciding import decide_line, decide_request
from processes.laboratory.lines import answer_lines
from processes.laboratory.running import run_request

__all__ = ["answer_lines", "check_request", "decide_line", "decide_request", "run_request"]
