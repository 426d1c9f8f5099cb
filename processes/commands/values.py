"""Variables that people give by hand: what may stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from marshmallow import fields, validate

from processes.tasks.forms import MAX_DATA_BYTES
from services.errors import Invalid

NAME = r"[A-Za-z_]\w*\Z"


def variables_field(**options: Any) -> fields.Dict:
    """Return the field of an operation that takes variables by name."""
    keys = fields.String(validate=validate.Regexp(NAME, error="This can't be a variable's name."))
    return fields.Dict(keys=keys, metadata={"title": "Variables"}, **options)


def check_variables(record_type: str | None, variables: Mapping[str, Any]) -> None:
    """Refuse variables that would hide the record from the process, or are too much.

    One called ``deal`` would be read in place of the live deal: its amount, and so whether a
    manager has to approve it, would be whatever somebody says.

    Raises:
        Invalid: With messages for ``variables``.
    """
    taken = variables.keys() & {"instance", record_type or "instance"}
    if taken:
        messages = [f"{name} is what the process is about." for name in sorted(taken)]
        raise Invalid("Please choose other names for the variables.", {"variables": messages})
    try:
        size = len(orjson.dumps(variables))
    except orjson.JSONEncodeError as error:
        message = "These variables are nested too deeply."
        raise Invalid(message, {"variables": [message]}) from error
    if size > MAX_DATA_BYTES:
        message = "These variables are more than a process holds."
        raise Invalid(message, {"variables": [message]})
