"""What is taken out of every text before it is shown."""

from __future__ import annotations

import re

_SPACES = re.compile(r"[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
# controls, what turns text around (UAX 9), what takes no room, what UTF-8 has no way to write
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


def tidy(text: str) -> str:
    """The text on one line, single spaces in it, and nothing nobody should see."""
    if "  " in text or not text.isprintable():
        text = _SPACES.sub(" ", _UNSEEN.sub("", text))
    return text.strip(" ")


def tidy_code(line: str) -> str:
    """A line of code with its own spaces, tabs as spaces, and nothing nobody should see."""
    return " ".join(_UNSEEN.sub("", line.expandtabs(4)).splitlines()).rstrip()
