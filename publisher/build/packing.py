"""Serializes documents for transfer between processes. Never stored: loading a pickle can run any code."""

from __future__ import annotations

import pickle
from dataclasses import fields, is_dataclass
from functools import cache
from io import BytesIO
from typing import Any

from publisher.model import Issue


def serialize_issue(issue: Issue) -> bytes:
    """Return the issue as bytes."""
    file = BytesIO()
    _IssuePickler(file, pickle.HIGHEST_PROTOCOL).dump(issue)
    return file.getvalue()


def deserialize_issue(data: bytes) -> Issue:
    """Return the issue that `serialize_issue` was given."""
    issue: Issue = pickle.loads(data)
    return issue


class _IssuePickler(pickle.Pickler):
    """Stores a dataclass as constructor and arguments: four times as fast as its attributes by name."""

    def reducer_override(self, node: Any) -> Any:
        node_type: type = type(node)
        names = _get_field_names(node_type)
        return (node_type, tuple([getattr(node, name) for name in names])) if names else NotImplemented


@cache
def _get_field_names(node_type: type) -> tuple[str, ...]:
    return tuple([field.name for field in fields(node_type)]) if is_dataclass(node_type) else ()
