"""Decision models (DMN 1.1 to 1.5): read, checked and evaluated."""

from processes.engine.decisions.model import DecisionInfo, DecisionModel, Invocable
from processes.engine.decisions.read_model import is_decision_model, parse_decisions
from processes.engine.decisions.review import Review, review_decisions

__all__ = [
    "DecisionInfo",
    "DecisionModel",
    "Invocable",
    "Review",
    "is_decision_model",
    "parse_decisions",
    "review_decisions",
]
