"""The reader: parses text into an Issue with exact positions. Never raises."""

from publisher.reader.document import parse_issue
from publisher.reader.lines import decode

__all__ = ["decode", "parse_issue"]
