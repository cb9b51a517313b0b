"""Front matter, and the H1: what a file says about its issue before the text begins."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import PurePath

from publisher.model import Diagnostic, Pos, Title, plain
from publisher.patterns import lazy_pattern
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, compute_span

FrontMatter = tuple[tuple[str, str], ...]

_SIMPLE_PAIR = lazy_pattern(
    r"([A-Za-z_][\w-]*):(?:\s+([^\s\"'\[\]{}>|*&!%#`@,?:-][^#:\"']*|\"[^\"\\]*\"|'[^']*'))?\Z"
)
_KEY = lazy_pattern(r"\s*(?:#|[\w\"'-]+\s*:(?:\s|\Z))")
_HEADER = lazy_pattern(r"([A-Za-z][\w-]*):\s+(\S.*)\Z")
_DATE = lazy_pattern(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})")
_TITLE_FORM = lazy_pattern(
    r"(?P<name>.*?\S)\s*[(（]\s*(?P<date>\d{4}-\d{2}-(?:\d{2}|[xX]{2}))\s*[)）]\s*(?P<colon>[:：])?\s*(?P<rest>.*)\Z"
)


def read_front_matter(lines: Sequence[Line], diagnostics: list[Diagnostic]) -> tuple[FrontMatter, int]:
    """The front matter at the head of a file and the number of lines it takes.

    Two forms: YAML between lines of three dashes, and a block of `Key: value` lines that ends at the
    first blank one and has a title (Pelican, MultiMarkdown).
    """
    start = next((index for index, line in enumerate(lines) if line.text), len(lines))
    if start < len(lines) and lines[start].text == "---":
        first = next((line.text for line in lines[start + 1 :] if line.text), "")
        for end in range(start + 1, len(lines)) if _KEY.match(first) or first == "---" else ():
            if lines[end].text in ("---", "..."):
                return _parse_simple_yaml(lines[start + 1 : end], diagnostics), end + 1
            if lines[end].text.startswith("#") and not lines[end].text.startswith("# "):
                break
        return (), 0
    pairs = []
    for line in lines[start:]:
        found = _HEADER.match(line.text)
        if not found:
            break
        pairs.append((found.group(1), found.group(2)))
    end = start + len(pairs)
    blank_after = end == len(lines) or not lines[end].text
    if len(pairs) > 1 and blank_after and any(key.lower() == "title" for key, _ in pairs):
        return tuple(pairs), end
    return (), 0


def _parse_simple_yaml(lines: Sequence[Line], diagnostics: list[Diagnostic]) -> FrontMatter:
    pairs = []
    for line in lines:
        if not line.text or line.text.lstrip().startswith("#"):
            continue
        found = _SIMPLE_PAIR.match(line.text)
        if not found:
            return _parse_full_yaml(lines, diagnostics)
        value = (found.group(2) or "").strip()
        pairs.append((found.group(1), value[1:-1] if value[:1] in ("'", '"') else value))
    return tuple(pairs)


def _parse_full_yaml(lines: Sequence[Line], diagnostics: list[Diagnostic]) -> FrontMatter:
    """Front matter that is more than plain `key: value` lines; PyYAML reads it, every value as text."""
    import yaml

    text = "\n".join(line.text for line in lines)
    try:
        # a few lines of aliases to aliases can stand for more text than there is memory
        for token in yaml.scan(text, Loader=yaml.BaseLoader):
            if isinstance(token, yaml.AliasToken):
                raise yaml.MarkedYAMLError(problem_mark=token.start_mark)
        values = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        at = lines[min(mark.line, len(lines) - 1)] if mark else lines[0]
        diagnostics.append(Diagnostic("front-matter", "the front matter is not valid YAML", at.pos))
        return tuple(_split_pair(line.text) for line in lines if line.text)
    if not isinstance(values, dict):
        return (("", text),)
    return tuple((str(key), "" if value is None else str(value)) for key, value in values.items())


def _split_pair(text: str) -> tuple[str, str]:
    """A line of broken front matter: its key and value, or all of it without a key."""
    key, colon, value = text.partition(":")
    return (key.strip(), value.strip()) if colon and _KEY.match(text) else ("", text)


def get_front_value(front: FrontMatter, key: str) -> str:
    """The value of a key, whatever its case; empty without one."""
    return next((value for name, value in front if name.lower() == key), "")


def read_title(text: str, pos: Pos, inline_reader: InlineReader) -> Title:
    """A title of the form `NAME (DATE)：topic/topic`, or of any other."""
    nodes = inline_reader.read(text, pos)
    found = _TITLE_FORM.match(plain(nodes).strip())
    if not found:
        return Title(nodes, plain(nodes).strip(), regular=False, pos=pos)
    topics = tuple(topic.strip() for topic in re.split(r"[/／]", found.group("rest")) if topic.strip())
    return Title(nodes, found.group("name"), found.group("date"), topics, True, pos)


def is_title_form(text: str) -> bool:
    """True for `NAME (DATE) …`."""
    return _TITLE_FORM.match(text) is not None


def find_date(text: str) -> dt.date | None:
    """The first date in a text, if it is one of the calendar."""
    found = _DATE.search(text)
    if not found:
        return None
    try:
        return dt.date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def resolve_issue_date(front: FrontMatter, path: str, title: Title | None) -> dt.date | None:
    """The date of an issue: front matter, else file name, else title. A placeholder day is no date."""
    stem = PurePath(path).stem
    if re.match(r"\d{4}-\d{2}-[xX]{2}", stem):
        return None
    candidates = [get_front_value(front, "date"), stem, title.date if title else ""]
    if title and not title.regular:
        candidates.append(title.name)
    return next((date for text in candidates if (date := find_date(text))), None)


def locate_front_matter(lines: Sequence[Line], count: int) -> Pos:
    """The place of the front matter, its dashes included."""
    kept = [line for line in lines[:count] if line.text]
    return compute_span(kept)
