"""Gateways: where paths part and come together (BPMN 2.0.2 §10.6, §13.4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from processes.engine import changes
from processes.engine.elements.arrivals import forget_arrival, key_of, merge, note_arrival
from processes.engine.elements.base import WAITS, Element, Waits, Way, is_true
from processes.engine.scopes import Sight
from processes.engine.tokens import TRIGGERED, Token
from processes.engine.waits import arm


class ExclusiveGateway(Element):
    """Takes the first flow whose condition holds, else the default (§13.4.2)."""

    def choose(self, token: Token) -> list[Way]:
        """Return the one flow to take."""
        if len(self.ways) == 1 and self.ways[0].condition is None:
            return list(self.ways)
        sight = Sight(token)
        for way in self.ways:
            if way is self.default_way:
                continue
            if way.condition is None or is_true(way.condition, sight):
                return [way]
        return self.at_least_one([self.default_way] if self.default_way else [])


class Join(Element):
    """A gateway at which tokens wait for others."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.arriving = self.node.incoming

    def take_in(self, token: Token) -> None:
        """Let a token wait for the others, and go on when all are there that must be."""
        if len(self.arriving) < 2 or token.flow is None:  # noqa: PLR2004 - a single one never waits
            token.make_ready()
            return
        note_arrival(token)
        self.check(token)

    def gather(self, token: Token) -> None:
        """See whether a token that waits here can go on, now that its gateway is another one."""
        if len(self.arriving) > 1:
            self.check(token)
        else:
            forget_arrival(token)
            token.make_ready()

    def check(self, token: Token) -> None:
        """See whether the gateway can go on, now that a token has arrived."""

    def withdraw(self, token: Token, *, failed: bool) -> None:
        """Take a cancelled token out of those that wait."""
        forget_arrival(token)
        super().withdraw(token, failed=failed)

    def resume(self, token: Token) -> None:
        """Take up a token that waits here."""
        if token.waits_for_others:
            note_arrival(token)
        else:
            super().resume(token)


class ParallelGateway(Join):
    """Waits for one token on each incoming flow, then takes all flows (§13.4.1).

    A second token on the same flow stays for the next time.
    """

    def check(self, token: Token) -> None:
        """Go on as soon as every flow has brought a token."""
        flows = token.workflow.arrivals[key_of(token)]
        if all(flow in flows for flow in self.arriving):
            merge([flows[flow][0] for flow in self.arriving])

    def choose(self, token: Token) -> list[Way]:  # noqa: ARG002 - all, whatever the token sees
        """Return all flows."""
        return list(self.ways)


class InclusiveGateway(Join):
    """Waits for every token that can still come, then takes each flow whose condition holds.

    It goes on when each token elsewhere in the scope that could reach an incoming flow without a
    token, could also reach one that has a token (§13.4.3). That is asked when nothing else can
    move.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._reaching: dict[str, frozenset[str]] = {}
        self.neighbours: Mapping[str, Iterable[str]] = {}
        self.flow_sources: Mapping[str, str] = {}

    def release(self, token: Token, flows: dict[str, list[Token]]) -> bool:
        """Go on if no other token can still come."""
        if self._may_still_come(token, flows):
            return False
        merge([waiting[0] for waiting in flows.values()])
        return True

    def choose(self, token: Token) -> list[Way]:
        """Return the flows whose conditions hold, else the default."""
        others = [way for way in self.ways if way is not self.default_way]
        taken = self.holding(token, others)
        if not taken and self.default_way:
            taken = [self.default_way]
        return self.at_least_one(taken)

    def _may_still_come(self, token: Token, flows: Collection[str]) -> bool:
        """Tell whether a token elsewhere in the scope can reach any but these flows."""
        empty = [self._reach(flow) for flow in self.arriving if flow not in flows]
        filled = [self._reach(flow) for flow in self.arriving if flow in flows]
        for other in token.parent.inner:
            place = other.task_spec.node.id
            if other.task_spec is self:
                continue
            may_come = any(place in reach for reach in empty)
            if may_come and not any(place in reach for reach in filled):
                return True
        return False

    def _reach(self, flow: str) -> frozenset[str]:
        """Return the elements from which a flow can be reached without passing this gateway.

        It depends on the diagram alone; found when first asked for, since most never are.
        """
        if flow not in self._reaching:
            reached: set[str] = set()
            pending = [self.flow_sources[flow]]
            while pending:
                place = pending.pop()
                if place not in reached and place != self.node.id:
                    reached.add(place)
                    pending.extend(self.neighbours.get(place, ()))
            self._reaching[flow] = frozenset(reached)
        return self._reaching[flow]


class EventGateway(Element):
    """Waits for the first of several events (§10.6.6, §13.4.4)."""

    @property
    def inner_events(self) -> tuple[Element, ...]:
        """The events behind it."""
        return tuple(way.target for way in self.ways)

    def work(self, token: Token) -> Waits:
        """Wait for all of them at once."""
        arm(token, self.inner_events)
        token.hold()
        return WAITS

    def event_happened(self, token: Token, event: Token, result: Mapping[str, Any]) -> None:
        """Go on behind the event that happened; the others are waited for no longer."""
        instance = token.workflow
        way = next(way for way in self.ways if way.target is event.task_spec.whole)
        self.report(token, changes.ElementCompleted)
        instance.emit(changes.FlowTaken(self.node.process_id, way.id))
        instance.begin_at(way.target, token.parent, result, TRIGGERED)
        token.mark_completed()
        instance.finish(token)

    def open_by(self, root: Token, event: Element, result: Mapping[str, Any]) -> None:
        """Begin a process by one of its events (§10.6.6).

        A parallel one goes on waiting for the others, in the same instance.
        """
        instance = root.workflow
        token = instance.spawn(self, root)
        self.report_entered(token)
        self.report(token, changes.ElementCompleted)
        for way in self.ways:
            if way.target is event:
                instance.emit(changes.FlowTaken(self.node.process_id, way.id))
                instance.begin_at(event, root, result, TRIGGERED)
            elif self.node.is_parallel:
                instance.emit(changes.FlowTaken(self.node.process_id, way.id))
                instance.arrive(way.target, root, way.id)
        token.mark_completed()
        token.leave_tree()
