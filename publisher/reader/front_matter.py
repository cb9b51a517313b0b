"""Parses the front matter and the title of an issue, and determines its date."""

from __future__ import annotations

import datetime as dt
import re
from ast import literal_eval
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from publisher.model import Diagnostic, Pos, Title, plain
from publisher.page_urls import find_issue_name
from publisher.patterns import lazy_pattern
from publisher.reader.dates import find_date, find_path_date, find_value_date
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, replace_invalid_characters

FrontMatter = tuple[tuple[str, str], ...]

# a colon that no space follows is part of a plain value, as in `date: 2021-07-18 08:00:00`
_SIMPLE_PAIR = lazy_pattern(
    r"([A-Za-z_][\w-]*):(?:\s+([^\s\"'\[\]{}>|*&!%#`@,?:-](?:[^#:\"']|:(?=\S))*|\"[^\"\\]*\"|'[^']*'))?\Z"
)
_INNER_COLON = lazy_pattern(r"[\w-]+:\s+[^\s\"'\[{|>].*?:(?:\s|\Z)")
_KEY = lazy_pattern(r"\s*(?:#|[\w\"'-]+\s*:(?:\s|\Z))")
_TOML_LINE = lazy_pattern(r"\s*(?:#|\[|[\w\"'.-]+\s*=)")
_JSON_START = lazy_pattern(r'\s*\{\s*"[^"\\]+"\s*:')
_JSON_ENDS = {"{": "}", "---json": "---"}
"""The lines that front matter in JSON begins and ends with."""

_HEADER = lazy_pattern(r"([A-Za-z][\w-]*):\s+(\S.*)\Z")
_NO_DATE = {"", "~", "null", "none", "true", "false", "yes", "no", "on", "off"}
"""What keys for a date have without one; `published: true` is about drafts."""

# of Jekyll, Hugo, Pelican; Hugo; Astro; Ghost and Eleventy
_DATE_KEYS = ("date", "publishdate", "pubdate", "pubdatetime", "published", "publishedat", "datepublished")
_FLOW_BRACKET = lazy_pattern(r"[\[\]{}]")
_MAX_DEPTH = 50
_BULLETS = lazy_pattern(rf"\s*(?:-\s+){{{_MAX_DEPTH}}}")
_TITLE_FORM = lazy_pattern(
    r"(?P<name>.*?\S)\s*[(（]\s*(?P<date>\d{4}-\d{2}-(?:\d{2}|[xX]{2}))\s*[)）]\s*(?P<colon>[:：])?\s*(?P<rest>.*)\Z"
)


def read_front_matter(lines: Sequence[Line], diagnostics: list[Diagnostic]) -> tuple[FrontMatter, int]:
    """Parse the front matter, and return it with the number of lines it takes.

    Four forms are supported: YAML between lines of three dashes, TOML between lines of three plus signs
    (Hugo, Zola), JSON in braces (Hugo) or after `---json` (Eleventy), and `Key: value` lines up to a blank line,
    one of them a title (Pelican, MultiMarkdown).
    """
    start = next((index for index, line in enumerate(lines) if line.text), len(lines))
    if start < len(lines) and lines[start].text == "+++":
        first = next((line.text for line in lines[start + 1 :] if line.text), "")
        end = next((index for index in range(start + 1, len(lines)) if lines[index].text == "+++"), 0)
        if end and _TOML_LINE.match(first):
            return _parse_toml(lines[start + 1 : end], diagnostics), end + 1
        return (), 0
    if start < len(lines) and (closing := _JSON_ENDS.get(lines[start].text)):
        end = next((index for index in range(start + 1, len(lines)) if lines[index].text == closing), 0)
        inside = lines[start : end + 1] if closing == "}" else lines[start + 1 : end]
        return (_read_json(inside, diagnostics), end + 1) if _starts_json(inside) else ((), 0)
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
        match = _HEADER.match(line.text)
        if not match:
            break
        pairs.append((match.group(1), match.group(2)))
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
        match = _SIMPLE_PAIR.match(line.text)
        if not match:
            return _parse_full_yaml(lines, diagnostics)
        value = (match.group(2) or "").strip()
        pairs.append((match.group(1), value[1:-1] if value[:1] in ("'", '"') else value))
    return tuple(pairs)


def _parse_full_yaml(lines: Sequence[Line], diagnostics: list[Diagnostic]) -> FrontMatter:
    """Parse front matter that is more than plain `key: value` lines, with PyYAML; values are text."""
    import yaml

    text = "\n".join(line.text for line in lines)
    if too_deep := _report_deep_nesting(lines, diagnostics):
        return too_deep
    try:
        # nested aliases can expand to more text than fits into memory
        for token in yaml.scan(text, Loader=yaml.BaseLoader):
            if isinstance(token, yaml.AliasToken):
                raise yaml.MarkedYAMLError(problem_mark=token.start_mark)
        values = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = lines[min(mark.line, len(lines) - 1)] if mark else lines[0]
        message = "the front matter is not valid YAML"
        if _INNER_COLON.match(line.text):
            message += ": a value with a colon and a space must stand in quotes"
        diagnostics.append(Diagnostic("front-matter", message, line.pos))
        return tuple(_split_pair(line.text) for line in lines if line.text)
    if not isinstance(values, dict):
        return (("", text),)
    clean = replace_invalid_characters  # from "\ud800" in quotes
    return tuple((clean(str(key)), clean(str(value))) for key, value in values.items())


def _parse_toml(lines: Sequence[Line], diagnostics: list[Diagnostic]) -> FrontMatter:
    """Parse front matter in TOML; values are text, written as in YAML."""
    import tomllib

    if too_deep := _report_deep_nesting(lines, diagnostics):
        return too_deep
    try:
        values = tomllib.loads("\n".join(line.text for line in lines))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"at line (\d+)", str(error))
        line = lines[min(int(place[1]), len(lines)) - 1] if place else lines[0]
        diagnostics.append(Diagnostic("front-matter", "the front matter is not valid TOML", line.pos))
        pairs = (line.text.partition("=") for line in lines if line.text)
        return tuple((key.strip(), value.strip()) for key, _, value in pairs)
    return _list_pairs(values)


def _starts_json(lines: Sequence[Line]) -> bool:
    return _JSON_START.match("".join(line.text for line in lines[:3])) is not None


def _read_json(lines: Sequence[Line], diagnostics: list[Diagnostic]) -> FrontMatter:
    """Parse front matter in JSON; values are text, written as in YAML."""
    import json

    if too_deep := _report_deep_nesting(lines, diagnostics):
        return too_deep
    try:
        values = json.loads("\n".join(line.text for line in lines))
    except ValueError as error:
        line = lines[min(getattr(error, "lineno", 1), len(lines)) - 1]
        diagnostics.append(Diagnostic("front-matter", "the front matter is not valid JSON", line.pos))
        return tuple(_split_pair(line.text.strip(" ,")) for line in lines if line.text)
    return _list_pairs(values)


def _list_pairs(values: Mapping[str, Any]) -> FrontMatter:
    clean = replace_invalid_characters
    known = {key: value for key, value in values.items() if value is not None}
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in known.items()}
    return tuple((clean(key), clean(text)) for key, text in texts.items())


def _report_deep_nesting(lines: Sequence[Line], diagnostics: list[Diagnostic]) -> FrontMatter:
    """Report lists in one another that no one writes, and return the lines as pairs; nothing if there are none.

    PyYAML takes minutes for thousands of them.
    """
    depth = 0
    for line in lines:
        bullets = _BULLETS.match(line.text)
        column = bullets.end() if bullets else 0
        for bracket in _FLOW_BRACKET.finditer(line.text):
            depth = depth + 1 if bracket[0] in "[{" else max(depth - 1, 0)
            if depth > _MAX_DEPTH:
                column = bracket.start()
                break
        if column:
            start = line.column + column
            message = f"lists are nested more than {_MAX_DEPTH} deep here, so the front matter is not read"
            diagnostics.append(Diagnostic("front-matter", message, Pos(line.number, start, line.number, start + 1)))
            return tuple([_split_pair(line.text) for line in lines if line.text])
    return ()


def _split_pair(text: str) -> tuple[str, str]:
    """Split a line of invalid front matter into key and value; without a key, the whole line is the value."""
    key, colon, value = text.partition(":")
    return (key.strip(), value.strip()) if colon and _KEY.match(text) else ("", text)


def get_front_value(front: FrontMatter, key: str) -> str:
    """Return the value of a key, ignoring case; empty if there is none."""
    return next((value for name, value in front if name.lower() == key), "")


def get_front_list(front: FrontMatter, key: str) -> tuple[str, ...]:
    """Return the values of a key that may have one or a list of them, ignoring case."""
    value = get_front_value(front, key)
    if not value.startswith("["):
        return (value,) if value else ()
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError):  # lists are kept as Python writes them
        return tuple(str(entry) for entry in literal_eval(value) if entry)
    return ()


def read_title(text: str, pos: Pos, inline_reader: InlineReader) -> Title:
    """Parse a title, of the form `NAME (DATE)：topic/topic` or any other."""
    nodes = inline_reader.read(text, pos)
    match = _TITLE_FORM.match(plain(nodes).strip())
    if not match:
        return Title(nodes, plain(nodes).strip(), regular=False, pos=pos)
    topics = tuple(topic.strip() for topic in re.split(r"[/／]", match.group("rest")) if topic.strip())
    return Title(nodes, match.group("name"), match.group("date"), topics, True, pos)


def is_title_form(text: str) -> bool:
    """True for `NAME (DATE) …`."""
    return _TITLE_FORM.match(text) is not None


def find_unreadable_date(front: FrontMatter) -> str:
    """Return what the front matter has for a date if it cannot be read as one, like `tomorrow`; else ""."""
    dates = [text for text in _list_date_values(front) if text.lower() not in _NO_DATE]
    return dates[0] if dates and not any(map(find_value_date, dates)) else ""


def _list_date_values(front: FrontMatter) -> list[str]:
    """Return the values of the keys for a date, the most important one first."""
    values = {re.sub("[_-]", "", name.lower()): value.strip() for name, value in reversed(front)}
    return [values[key] for key in _DATE_KEYS if key in values]


def resolve_issue_date(front: FrontMatter, path: str, title: Title | None) -> dt.date | None:
    """Return the date of the front matter, else of the file name or its folders, else of the title.

    None with day "xx".
    """
    if re.match(r"\d{4}-\d{2}-[xX]{2}", find_issue_name(path)):
        return None
    if date := next(filter(None, map(find_value_date, _list_date_values(front))), None):
        return date
    return find_path_date(path) or (find_date(title.date if title.regular else title.name) if title else None)
