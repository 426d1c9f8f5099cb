"""Decision models (DMN 1.1 to 1.5): read, checked and evaluated."""

from processes.engine.decisions.model import (
    DecisionInfo,
    DecisionModel,
    check_decisions,
    parse_decisions,
)

__all__ = ["DecisionInfo", "DecisionModel", "check_decisions", "parse_decisions"]
