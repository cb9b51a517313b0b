"""Parts as people read them, line by line: the strings of a JSON payload, a decoded mail, else the text."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.channel import Part

_EMAIL_TYPE = "message/rfc822"


def extract_lines(part: Part) -> list[str] | None:
    """The lines of a part; None when it is no text."""
    kind = _parse_media_type(part)
    try:
        if kind == _EMAIL_TYPE:
            return _extract_email_lines(part.body)
        text = part.body.decode()
    except UnicodeDecodeError:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        from json import loads

        try:
            return [line for string in _collect_strings(loads(text)) for line in string.splitlines()]
        except ValueError:
            pass  # then as it is
    return text.splitlines()


def extract_preview(part: Part, max_length: int = 60) -> str:
    """The first words of a part, of a mail its subject, at most so many characters; empty when it is no
    text."""
    found = extract_lines(part) or []
    if _parse_media_type(part) == _EMAIL_TYPE:
        found = [line for line in found if line.startswith("Subject: ")] or found
    for line in found:
        if words := line.strip():
            return words if len(words) <= max_length else f"{words[: max_length - 1]}…"
    return ""


def _parse_media_type(part: Part) -> str:
    return part.media_type.partition(";")[0].strip()


def _collect_strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _collect_strings(inner)
        case list():
            for inner in value:
                yield from _collect_strings(inner)


def _extract_email_lines(body: bytes) -> list[str]:
    from email import message_from_bytes, policy

    mail = message_from_bytes(body, policy=policy.default)
    found = [f"{name}: {value}" for name, value in mail.items()]
    for one in mail.walk():
        if one.get_content_maintype() == "text":
            found += ["", *str(one.get_content()).splitlines()]
    return found
