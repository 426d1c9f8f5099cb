"""How a command works: in one transaction, with errors told in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from app.context import platform
from services.actors import SYSTEM
from services.errors import Invalid, LanewiseError
from services.unit_of_work import UnitOfWork

Result = TypeVar("Result")


def in_transaction(work: Callable[[UnitOfWork], Result]) -> Result:
    """Run ``work`` as the platform itself; whoever has a shell on the machine may do anything.

    Raises:
        ClickException: What was asked for is refused.
    """
    try:
        return platform().transact(SYSTEM, work, source="cli")
    except LanewiseError as error:
        raise click.ClickException(_text_of(error)) from error


def _text_of(error: LanewiseError) -> str:
    """Return the error with the messages of its fields."""
    fields = error.fields if isinstance(error, Invalid) else {}
    lines = [f"  {name}: {' '.join(texts)}" for name, texts in fields.items()]
    return "\n".join([error.message, *lines])
