"""Facts as JSON that people can read: what json.dumps makes with an indent, without the generators that one
goes through as soon as it indents."""

from __future__ import annotations

from json import dumps
from json.encoder import encode_basestring


def indented(value: object, step: str) -> str:
    """The JSON of a value with text as keys; each level is indented by `step`."""
    return _json(value, "\n", step)


def _json(value: object, margin: str, step: str) -> str:
    inside = margin + step
    match value:
        case str():
            return encode_basestring(value)
        case dict() if value:
            rows = [f"{encode_basestring(key)}: {_json(one, inside, step)}" for key, one in value.items()]
            return "{" + inside + f",{inside}".join(rows) + margin + "}"
        case list() | tuple() if value:
            return (
                "[" + inside + f",{inside}".join([_json(one, inside, step) for one in value]) + margin + "]"
            )
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            return dumps(value)
