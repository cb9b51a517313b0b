"""Extracts the readable text of parts: the strings of a JSON payload, a decoded email, else the text."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.channel import Part

_EMAIL_TYPE = "message/rfc822"


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


def extract_preview(part: Part, max_length: int = 60) -> str:
    """Return the first line of a part, or the subject of an email, cut to `max_length` characters.

    Empty if the part is not text.
    """
    lines = extract_lines(part) or []
    if _parse_media_type(part) == _EMAIL_TYPE:
        lines = [line for line in lines if line.startswith("Subject: ")] or lines
    for line in lines:
        if text := line.strip():
            return text if len(text) <= max_length else f"{text[: max_length - 1]}…"
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


def _extract_email_lines(body: bytes) -> list[str]:
    from email import message_from_bytes, policy

    message = message_from_bytes(body, policy=policy.default)
    lines = [f"{name}: {value}" for name, value in message.items()]
    for part in message.walk():
        if part.get_content_maintype() == "text":
            lines += ["", *str(part.get_content()).splitlines()]
    return lines
