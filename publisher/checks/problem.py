"""One thing that is wrong with an issue, as data."""

from __future__ import annotations

from publisher.checks.codes import CODES, Severity
from publisher.dataclass import dataclass
from publisher.model import Pos


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Text to put in the place of a stretch of the source; an empty stretch is a place between characters."""

    pos: Pos
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong, at a stretch of the source. `help` says how to mend it; `edits` do it, where that is
    safe: they belong together, and none loses a word or an address."""

    pos: Pos
    code: str
    message: str
    help: str = ""
    edits: tuple[Edit, ...] = ()

    @property
    def severity(self) -> Severity:
        """How bad it is, which only the code decides."""
        return CODES[self.code].severity

    @property
    def fixable(self) -> bool:
        """Whether `--fix` mends it."""
        return bool(self.edits)
