"""Tokens that wait for others at the same element of the same scope."""

from __future__ import annotations

from collections.abc import Iterable

from processes.engine.tokens import Token


def key_of(token: Token) -> tuple[str, str]:
    """Return where a token waits for others: its scope and its element."""
    return token.parent.id, token.task_spec.name


def waiting_at(token: Token) -> dict[str, list[Token]]:
    """Return the tokens that wait where a token is, by the flow they came by."""
    flows: dict[str, list[Token]] = token.workflow.arrivals.get(key_of(token), {})
    return flows


def note_arrival(token: Token) -> None:
    """Let a token wait at its element."""
    token.wait()
    flows = token.workflow.arrivals.setdefault(key_of(token), {})
    flows.setdefault(str(token.flow), []).append(token)


def forget_arrival(token: Token) -> None:
    """Take a token out of those that wait at its element, if it is among them."""
    arrivals = token.workflow.arrivals
    flows = arrivals.get(key_of(token))
    waiting = flows.get(str(token.flow)) if flows else None
    if flows is None or waiting is None or token not in waiting:
        return
    waiting.remove(token)
    if not waiting:
        del flows[str(token.flow)]
    if not flows:
        del arrivals[key_of(token)]


def consume(tokens: Iterable[Token]) -> None:
    """Take tokens that have waited out of the instance."""
    for token in list(tokens):
        forget_arrival(token)
        token.mark_completed()
        token.leave_tree()


def merge(tokens: Iterable[Token]) -> Token:
    """Let one token go on in place of several, and return it."""
    first, *others = list(tokens)
    forget_arrival(first)
    consume(others)
    first.make_ready()
    return first
