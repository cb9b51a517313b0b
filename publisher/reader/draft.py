"""Decides whether the front matter of an issue holds it back as a draft."""

from __future__ import annotations

import re
from collections.abc import Sequence

from publisher.model import Diagnostic
from publisher.patterns import lazy_pattern
from publisher.reader.lines import Line

_YES = {"true", "yes", "on", "y", "t", "1"}
_NO = {"false", "no", "off", "n", "f", "0"}
_UNSET = {"", "~", "null", "none"}

# without case, hyphens and underscores: Hugo, Zola, Astro, Eleventy and MkDocs have `draft`, Jekyll, Hexo and
# DEV have `published`, Obsidian and VuePress `publish`, Pelican and WordPress `status`
_DRAFT_KEYS = {"draft", "isdraft", "unpublished"}
_PUBLISHED_KEYS = {"published", "publish", "ispublished"}
_STATUS_KEYS = {"status", "poststatus"}

_HELD_STATUSES = {
    "draft", "drafts", "hidden", "hold", "held", "on hold", "idea", "in progress", "in review", "pending", "private",
    "review", "skip", "todo", "unpublished", "wip", "writing", "草稿",
}  # fmt: skip
_READY_STATUSES = {
    "active", "approved", "archived", "complete", "completed", "done", "final", "finished", "future", "live", "public",
    "publish", "published", "ready", "scheduled", "sent", "stable", "updated", "已发布",
}  # fmt: skip

_DATE = lazy_pattern(r".*\d{4}", re.DOTALL)
"""Matches `published: 2021-07-18` and every other way to write a date, which says that it is no draft."""


def read_draft(front: Sequence[tuple[str, str]], lines: Sequence[Line], diagnostics: list[Diagnostic]) -> bool:
    """Return whether the front matter, whose source are `lines`, says that the issue is a draft.

    Reads the keys and values of the usual site generators, ignoring case. One key that says so is enough.
    A value that cannot be understood holds the issue back too, with a diagnostic: to publish what should
    have waited is worse than the reverse.
    """
    is_draft = False
    for key, text in front:
        held = _read_pair(re.sub(r"[-_\s]", "", key.lower()), _clean_value(text))
        if held is None:
            message = f"{key}: {text} cannot be understood, so the issue is held back as a draft"
            line = next((line for line in lines if line.text.lstrip(" \"'").startswith(key)), lines[0])
            diagnostics.append(Diagnostic("draft-value", message, line.pos))
        is_draft |= held is not False
    return is_draft


def _read_pair(key: str, value: str) -> bool | None:
    """Return whether a key in lower case and its value hold the issue back; None if that is not clear."""
    if value in _UNSET:
        return False
    if key in _DRAFT_KEYS:
        return True if value in _YES else False if value in _NO else None
    if key in _PUBLISHED_KEYS:
        if value in _NO:
            return True
        return False if value in _YES or _DATE.match(value) else None
    if key in _STATUS_KEYS:
        if value in _HELD_STATUSES | _NO:
            return True
        return False if value in _READY_STATUSES | _YES else None
    return False


def _clean_value(text: str) -> str:
    """Return a value in lower case, without the quotes and the comment that invalid YAML still has."""
    return re.sub(r"(?<!\s)\s+#.*", "", text).strip(" \t\"'").lower().replace("_", " ").replace("-", " ")
