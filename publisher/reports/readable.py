"""Extracts the readable text of parts: the strings of a JSON payload, a decoded email, else the text."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from publisher.channel import Part
from publisher.patterns import lazy_pattern

_MAX_PREVIEW_LENGTH = 60  # characters
_EMAIL_TYPE = "message/rfc822"
_HTML_TYPES = ("text/html", "application/xhtml+xml")

_CODE_WORD = lazy_pattern(r"[a-z_]+")
"""A string of a payload that is a name of its format, such as text_link."""

_MARKUP = lazy_pattern(r"</[a-z]")


def extract_lines(part: Part) -> list[str] | None:
    """Return the lines of a part; None if it is not text."""
    media_type = _parse_media_type(part)
    try:
        if media_type == _EMAIL_TYPE:
            return _extract_email_lines(part.body)
        text = part.body.decode()
    except UnicodeDecodeError:
        return None
    if media_type == "application/json" or media_type.endswith("+json"):
        from json import loads

        try:
            return [line for string in _collect_strings(loads(text)) for line in string.splitlines()]
        except ValueError:
            pass  # invalid JSON is returned as text
    return text.splitlines()


def extract_visible_lines(part: Part) -> list[str]:
    """Return the lines that readers see: of a page its article, of a payload without the names of its format, of an
    email the subject and the body. A link is followed by its URL. Empty if the part is not text."""
    media_type, lines = _parse_media_type(part), extract_lines(part)
    if lines is None:
        return []
    if media_type in _HTML_TYPES:
        return _extract_html_lines("\n".join(lines))
    if media_type == _EMAIL_TYPE:
        end = lines.index("") if "" in lines else len(lines)
        return [line for line in lines[:end] if line.startswith("Subject: ")] + lines[end:]
    if media_type == "application/json" or media_type.endswith("+json"):
        visible = [line for line in lines if not _CODE_WORD.fullmatch(line)]
        return [text for line in visible for text in (_extract_html_lines(line) if _MARKUP.search(line) else [line])]
    return lines


def extract_preview(part: Part) -> str:
    """Return the first line of a part, or the subject of an email, cut to 60 characters.

    Empty if the part is not text.
    """
    lines = extract_lines(part) or []
    if _parse_media_type(part) == _EMAIL_TYPE:
        lines = [line for line in lines if line.startswith("Subject: ")] or lines
    for line in lines:
        if text := line.strip():
            return text if len(text) <= _MAX_PREVIEW_LENGTH else f"{text[: _MAX_PREVIEW_LENGTH - 1]}…"
    return ""


def _parse_media_type(part: Part) -> str:
    return part.media_type.partition(";")[0].strip()


def _collect_strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for element in value.values():
                yield from _collect_strings(element)
        case list():
            for element in value:
                yield from _collect_strings(element)


def _extract_html_lines(html: str) -> list[str]:
    """Return the lines of the first article; without one those of the main part, or of all."""
    reader = _HtmlReader()
    reader.feed(html)
    reader.close()
    return reader.article or reader.main or reader.all


class _HtmlReader(HTMLParser):
    """Collects the visible lines of HTML: `all` of them, those of the `main` part, and of the first `article`."""

    _HIDDEN = ("script", "style", "head", "template", "svg", "nav")
    _INLINE = ("a", "abbr", "b", "cite", "code", "del", "em", "i", "kbd", "mark", "q", "s", "small", "span", "strong",
               "sub", "sup", "time", "u", "wbr")  # fmt: skip

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.all: list[str] = []
        self.main: list[str] = []
        self.article: list[str] = []
        self._line = ""
        self._links: list[tuple[str, int]] = []
        self._open = dict.fromkeys((*self._HIDDEN, "main", "article"), 0)
        self._articles = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._INLINE:
            self._end_line()
        if tag in self._open:
            self._articles += tag == "article" and not self._open["article"]
            self._open[tag] += 1
        if tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._line)))
        if tag == "img" and (label := dict(attrs).get("alt")):
            self.handle_data(label)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            url, start = self._links.pop()
            if url.startswith("#") and not any(map(str.isalnum, self._line[start:])):
                self._line = self._line[:start]  # leads to itself
            if url.startswith(("http://", "https://", "mailto:")) and self._line[start:].strip() not in ("", url):
                self._line = f"{self._line.rstrip()} <{url}> "
        if tag not in self._INLINE:
            self._end_line()
        if self._open.get(tag):
            self._open[tag] -= 1

    def handle_data(self, data: str) -> None:
        if not any(self._open[tag] for tag in self._HIDDEN):
            first, *rest = data.split("\n")
            self._line += first
            for text in rest:
                self._end_line()
                self._line = text

    def close(self) -> None:
        super().close()
        self._end_line()

    def _end_line(self) -> None:
        text = " ".join(self._line.split())
        self._line = ""
        self._links = [(url, 0) for url, _ in self._links]
        if text:
            self.all.append(text)
            if self._open["main"]:
                self.main.append(text)
            if self._open["article"] and self._articles == 1:
                self.article.append(text)


def _extract_email_lines(body: bytes) -> list[str]:
    from email import message_from_bytes, policy

    message = message_from_bytes(body, policy=policy.default)
    lines = [f"{name}: {value}" for name, value in message.items()]
    for part in message.walk():
        if part.get_content_maintype() == "text":
            lines += ["", *str(part.get_content()).splitlines()]
    return lines
