"""What must hold for the bytes of any mail, seen without a mail library, which would forgive too much."""

from __future__ import annotations

import base64
import re
from collections import Counter

from publisher.channels.email.wrapping import count_columns

ONCE = (
    "From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
)  # fmt: skip
ADDRESSES = ("List-Archive", "List-Help", "List-Unsubscribe", "Archived-At", "Message-ID", "Feedback-ID")
CLOSING = "，。、；：？！）》」』】〉〕”’…·—～％"
OPENING = "（《「『【〈〔“‘"
UNSEEN = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u200b\u2028\u2029\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
)


def faults(wire: bytes, width: int = 72) -> list[str]:
    """Everything that is wrong with a mail."""
    head, _, body = wire.partition(b"\r\n\r\n")
    text = base64.b64decode(body)
    return [*_octets(wire, body, text), *_head(head), *_text(text.decode(), b"flowed" in head, width)]


def _octets(wire: bytes, body: bytes, text: bytes) -> list[str]:
    checks = {
        "not ASCII": not wire.isascii(),
        "a bare CR or LF": bool(re.search(rb"\r(?!\n)|(?<!\r)\n", wire)),
        "NUL": b"\0" in wire,
        "a line over 998 octets": max(map(len, wire.split(b"\r\n"))) > 998,
        "a line of base64 over 76 octets": max(map(len, body.split(b"\r\n"))) > 76,
        "no line end at the end": not wire.endswith(b"\r\n"),
        "a bare CR or LF in the text": bool(re.search(rb"\r(?!\n)|(?<!\r)\n", text)),
        "no line end at the end of the text": not text.endswith(b"\r\n"),
    }
    return [what for what, wrong in checks.items() if wrong]


def _head(head: bytes) -> list[str]:
    lines = head.decode("ascii").replace("\r\n ", "\0").split("\r\n")
    found = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    count = Counter(line.partition(":")[0] for line in lines)
    wrong = [f"{name} {count[name]} times" for name in ONCE if count[name] != 1]
    wrong += [f"{name} is no name" for name in count if not re.fullmatch(r"[A-Z][A-Za-z-]+", name)]
    wrong += [f"{name} is empty" for name, value in found.items() if not value.strip()]
    if "List-Unsubscribe" in found:  # it may have two, and a line for each
        found["List-Unsubscribe"] = found["List-Unsubscribe"].replace(">,\0<", ">, <")
    for name in ADDRESSES:
        if "=?" in found.get(name, "") or "\0" in found.get(name, ""):
            wrong.append(f"{name} is encoded or folded")
    for name in ("From", "To", "Reply-To", "List-Id"):
        if re.search(r"<[^>]*(=\?|\0)", found.get(name, "")):
            wrong.append(f"the address in {name} is encoded or folded")
    for line in head.decode("ascii").split("\r\n"):
        if len(line) > 78 and " " in line.partition(": ")[2]:
            wrong.append(f"not folded: {line[:40]}")
    if not re.fullmatch(r"<[A-Za-z0-9.-]+@[A-Za-z0-9.-]+>", found["Message-ID"]):
        wrong.append("the form of Message-ID")
    return wrong


def _text(text: str, flowed: bool, width: int) -> list[str]:
    wrong = []
    if found := UNSEEN.search(text):
        wrong.append(f"{found[0]!r} in the text")
    lines = text.split("\r\n")
    for before, line in zip(["", *lines], lines, strict=False):
        bare = line.strip(" ")
        if count_columns(line.rstrip(" ")) > width + line.startswith(" ") and "://" not in line:
            wrong.append(f"too wide: {line}")
        if before and bare and bare[0] in CLOSING:  # an editor may begin a paragraph with one
            wrong.append(f"begins with a closing mark: {line}")
        if bare and bare[-1] in OPENING:
            wrong.append(f"ends with an opening mark: {line}")
        if flowed and line.startswith((">", "From ")):
            wrong.append(f"not stuffed: {line}")
        if not flowed and line != line.rstrip(" ") and line != "-- ":
            wrong.append(f"ends in a space: {line}")
    return wrong
