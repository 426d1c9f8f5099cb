"""Complex gateways: a condition says when enough tokens have come (BPMN 2.0.2 §10.6.5, §13.4.5).

A gateway that has started notes in its scope, under `started`, the flows that it started with. It
then waits for a token on each of the others, as far as any can still come, and is reset by them.
"""

from __future__ import annotations

from typing import Any

from processes.engine import changes
from processes.engine.elements.arrivals import forget_arrival, merge, note_arrival, waiting_at
from processes.engine.elements.base import Way, condition_of, is_true
from processes.engine.elements.gateways import InclusiveGateway
from processes.engine.scopes import Scope, Sight
from processes.engine.tokens import NEW, Token


class ComplexGateway(InclusiveGateway):
    """Starts when its activation condition holds; without one, when no other token can come.

    Its conditions see `activationCount`, the number of tokens that wait, and `waitingForStart`.
    Flows without a condition are taken when it starts, not when it is reset.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._activation = condition_of(self.node.activation)

    def take_in(self, token: Token) -> None:
        """Let a token come to its turn: the condition may fail, and then it stands there."""
        token.make_ready()

    def step(self, token: Token) -> bool | None:
        """See whether the gateway starts or is reset by this token; route the one that goes on."""
        waits = len(self.arriving) > 1 and token.flow is not None and token.phase == NEW
        if not waits or token.notes.get("goes_on"):
            return super().step(token)
        started = self._started(token)
        if started is None and self._activation is not None:
            count = sum(len(each) for each in waiting_at(token).values()) + 1
            starts = is_true(self._activation, Sight(token, Scope({"activationCount": count})))
        else:
            starts = False
        note_arrival(token)
        if starts:
            self._start(token, count)
        elif started is not None and {*started, *waiting_at(token)} >= set(self.arriving):
            self._reset(token, started)
        return None

    def release(self, token: Token, flows: dict[str, list[Token]]) -> bool:
        """Start or be reset when no other token can come."""
        started = self._started(token)
        if started is None and self._activation is not None:
            return False
        if self._may_still_come(token, {*flows, *(started or ())}):
            return False
        if started is None:
            self._start(token, sum(len(each) for each in flows.values()))
        else:
            self._reset(token, started)
        return True

    def choose(self, token: Token) -> list[Way]:
        """Return the flows whose conditions hold, else the default."""
        is_reset = bool(token.notes.get("is_reset"))
        count = token.notes.get("count", 1)
        known = Scope({"waitingForStart": not is_reset, "activationCount": count})
        sight = Sight(token, known)
        others = [way for way in self.ways if way is not self.default_way]
        taken = [way for way in others if way.condition and is_true(way.condition, sight)]
        if is_reset:
            return taken
        plain = [way for way in others if way.condition is None]
        chosen = [way for way in others if way in taken or way in plain]
        return self.at_least_one(chosen or ([self.default_way] if self.default_way else []))

    def report_entered(self, token: Token) -> None:
        """Report that it starts; that it is reset is no new visit."""
        if not token.notes.get("is_reset"):
            super().report_entered(token)

    def report(
        self, token: Token, kind: type[changes.ElementCompleted | changes.ElementCancelled]
    ) -> None:
        """Report its end; see `report_entered`."""
        if not token.notes.get("is_reset"):
            super().report(token, kind)

    def _started(self, token: Token) -> list[str] | None:
        found: list[str] | None = token.parent.notes.get("started", {}).get(self.name)
        return found

    def _start(self, token: Token, count: int) -> None:
        flows = waiting_at(token)
        names = list(flows)
        if len(names) < len(self.arriving):
            token.parent.notes.setdefault("started", {})[self.name] = names
        first = merge([waiting[0] for waiting in flows.values()])
        first.notes.update(goes_on=True, count=count)

    def _reset(self, token: Token, started: list[str]) -> None:
        flows = dict(waiting_at(token))
        token.parent.notes["started"].pop(self.name)
        late = [waiting[0] for flow, waiting in flows.items() if flow not in started]
        if late:
            merge(late).notes.update(goes_on=True, is_reset=True)
        for flow, waiting in flows.items():
            if flow in started:
                early = waiting[0]  # it came for the next start
                forget_arrival(early)
                early.make_ready()
