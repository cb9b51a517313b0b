"""Reader: text to Issue, with exact positions and without ever raising."""

from publisher.reader.document import parse_issue
from publisher.reader.lines import decode

__all__ = ["decode", "parse_issue"]
