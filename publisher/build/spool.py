"""Where documents wait between reading and rendering: few in memory, many in a temporary file."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from publisher.archive.pack import Pack, Place
from publisher.model import Issue


class Shelf:
    """Documents by the path of their file, each taken at most once."""

    def __init__(self) -> None:
        self._issues: dict[str, Issue] = {}
        self._places: dict[str, Place] = {}
        self._pack = Pack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pack.close()

    def put(self, path: str, document: Issue | bytes | None) -> None:
        """Keep a document; packed ones lie in a file. Raises OSError when there is no room for it."""
        if isinstance(document, bytes):
            self._places[path] = self._pack.put(document)
        elif document:
            self._issues[path] = document

    def take(self, path: str) -> Issue | bytes | None:
        """The document of a file, and away with it; None when it was not read in this run."""
        if place := self._places.pop(path, None):
            return self._pack.get(place)
        return self._issues.pop(path, None)
