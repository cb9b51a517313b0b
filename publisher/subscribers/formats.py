"""Lists of subscribers as files: the exports of other programs, recognized by their header, and our own.

Where a file says that someone left, bounced or complained, that is kept: an import must not bring them back.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from publisher.errors import ConfigError
from publisher.mail_address import Mailbox, clean_text, parse_recipient
from publisher.patterns import lazy_pattern
from publisher.subscribers.models import Subscriber, SubscriberState

COLUMNS = ("email", "name", "state", "since", "paused_until")
"""The columns of our own format."""

_DELIMITERS = ",;\t"
_SPREADSHEET_HINT = "save the list as CSV in UTF-8"
# ISO 8601, as Mailchimp writes it (2013-06-25 17:38:27), and as Go does (2023-05-04 10:11:12.5 +0000 UTC)
_TIME = lazy_pattern(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?)? ?(Z|[+-]\d\d:?\d\d)?(?: [A-Z]{3,4})?")
_STATUS_COLUMN = lazy_pattern(
    r".*(?:status|state\b|subscribe|active|bounce|opt(?:ed)?.?out|complain|disabled|deleted|block|suppress|退订|状态).*"
)

Row = Mapping[str, str]
"""The cells of a line, by the name of the column in lower case."""


class ListedSubscriber(Struct, frozen=True):
    """An entry of a file. `line` counts from 1; `since` and `paused_until` are aware, or None if the file does not
    say it."""

    line: int
    mailbox: Mailbox
    state: SubscriberState
    since: dt.datetime | None = None
    paused_until: dt.datetime | None = None


class RejectedLine(Struct, frozen=True):
    """A line without a valid address, and why it is not valid."""

    line: int
    reason: str


class ListFile(Struct, frozen=True):
    """What a file holds. `format` is the program that wrote it; `warning` is what its file does not say."""

    format: str
    entries: Sequence[ListedSubscriber]
    rejected: Sequence[RejectedLine]
    warning: str = ""


class ListFormat(Struct, frozen=True):
    """The export of a program: the columns it is recognized by, and where the address, the name (joined, if there are
    several columns) and the time of the sign-up are. The first column of `since` that is not empty counts."""

    name: str
    required: frozenset[str]
    address: str
    names: tuple[str, ...]
    since: tuple[str, ...]
    find_state: Callable[[Row], SubscriberState]
    warning: str = ""


def parse_list_file(data: bytes, file_name: str) -> ListFile:
    """Parse a file of subscribers.

    Raises ConfigError if it cannot be read as a list: neither a text with addresses nor CSV with a known header.
    """
    lines = _decode_list(data, file_name).split("\n")
    if (first := _find_first_line(lines)) is None:
        raise ConfigError(f"{file_name} is empty", "write one address on each line")
    if re.search("[@＠]", lines[first]):  # an address, so there is no header
        return _parse_plain_text(lines)
    delimiter = max(_DELIMITERS, key=lines[first].count)
    columns = [column.strip().lower() for column in next(csv.reader([lines[first]], delimiter=delimiter))]
    location = f"{file_name}:{first + 1}"
    form = _find_format(columns, location)
    outside = _find_state_of_all(file_name) if form.name == "Mailchimp" else None
    entries: list[ListedSubscriber] = []
    rejected: list[RejectedLine] = []
    for number, cells in _read_records(lines, first + 1, delimiter, file_name):
        row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
        try:
            entries.append(_parse_row(form, row, number, outside))
        except ConfigError as error:
            rejected.append(RejectedLine(number, error.message))
    return ListFile(form.name, entries, rejected, form.warning)


def format_list(subscribers: Iterable[Subscriber]) -> str:
    """Return subscribers as CSV, sorted by address, so that two exports can be compared line by line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(subscribers, key=lambda one: one.key):
        times = map(_format_time, (one.since, one.paused_until))
        writer.writerow([one.address, one.name, one.state.value, *times])
    return text.getvalue()


def _format_time(moment: dt.datetime | None) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds") if moment else ""


# ------------------------------------------------------------------ text and lines


def _decode_list(data: bytes, file_name: str) -> str:
    """Return the text with \\n at the end of lines. Raises ConfigError for what is not text."""
    if data.startswith(b"PK\x03\x04"):
        raise ConfigError(f"{file_name} is a ZIP archive or a spreadsheet", f"unpack it, or {_SPREADSHEET_HINT}")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file_name}:{line}: not UTF-8", _SPREADSHEET_HINT) from None
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "�")


def _find_first_line(lines: Sequence[str]) -> int | None:
    """Return the index of the first line that is neither empty nor a comment."""
    return next((index for index, line in enumerate(lines) if _is_entry(line)), None)


def _is_entry(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _parse_plain_text(lines: Sequence[str]) -> ListFile:
    """Parse lines of `address` or `Name <address>`, as in the file of `recipients`."""
    entries: list[ListedSubscriber] = []
    rejected: list[RejectedLine] = []
    for number, line in enumerate(lines, 1):
        if not _is_entry(line):
            continue
        try:
            mailbox = parse_recipient(re.sub(r"(?<=\S)\s+#.*", "", line.strip()) if "#" in line else line.strip())
            entries.append(ListedSubscriber(number, mailbox, SubscriberState.CONFIRMED))
        except ConfigError as error:
            rejected.append(RejectedLine(number, error.message))
    return ListFile("plain text", entries, rejected)


def _read_records(
    lines: Sequence[str], start: int, delimiter: str, file_name: str
) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the cells of each record below the header, and the number of the line that it begins on."""
    reader = csv.reader((f"{line}\n" for line in lines[start:]), delimiter=delimiter, strict=True)
    while True:
        number = start + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ConfigError(f"{file_name}:{number}: not valid CSV: {error}", "correct the quotes there") from None
        if any(cell.strip() for cell in cells):
            yield number, cells


def _parse_row(form: ListFormat, row: Row, number: int, outside: SubscriberState | None) -> ListedSubscriber:
    address = row.get(form.address, "")
    if not address:
        raise ConfigError("no address")
    mailbox = parse_recipient(address)
    name = clean_text(" ".join(row.get(column, "") for column in form.names)) or mailbox.name
    since = next(filter(None, (_parse_export_time(row.get(column, "")) for column in form.since)), None)
    state = outside or form.find_state(row)
    return ListedSubscriber(
        number, mailbox._replace(name=name), state, since, _parse_export_time(row.get("paused_until"))
    )


def _parse_export_time(text: str | None) -> dt.datetime | None:
    """Return a time as an aware datetime; without a zone it is in UTC. None if it is no time."""
    match = _TIME.fullmatch(text or "")
    if not match:
        return None
    day, time, zone = match.groups()
    try:
        return dt.datetime.fromisoformat(f"{day}T{time or '00:00'}{zone or 'Z'}").astimezone(dt.UTC)
    except ValueError:
        return None


# ------------------------------------------------------------------------ formats


def _find_format(columns: Sequence[str], location: str) -> ListFormat:
    """Return the format with these columns.

    A CSV file of another program is read if it has an address and nothing that may say who left: that would be lost.
    """
    known = next((form for form in FORMATS if form.required <= set(columns)), None)
    if known:
        return known
    address = next(
        (column for column in columns if re.fullmatch(r"e-?mail(?:[ _-]?address)?|邮箱|电子邮件", column)), None
    )
    if address is None:
        raise ConfigError(f"{location}: no column `email`", "name the columns in the first line: email,name")
    if status := next((column for column in columns if _STATUS_COLUMN.fullmatch(column)), None):
        raise ConfigError(
            f"{location}: the column `{status}` is not of a known program, so it is not clear who left",
            f"keep only those who are subscribed, and remove the column `{status}`",
        )
    names = tuple(column for column in ("name", "first name", "last name", "姓名", "昵称") if column in columns)
    return ListFormat("CSV", frozenset(), address, names, (), lambda _: SubscriberState.CONFIRMED)


def _find_state_of_all(file_name: str) -> SubscriberState | None:
    """Return the state of everyone in a file of Mailchimp by its name: it exports each status to a file of its own."""
    states = {
        "unsubscribed": SubscriberState.LEFT,
        "cleaned": SubscriberState.GONE,
        "nonsubscribed": SubscriberState.LEFT,  # customers who never subscribed
    }
    return states.get(re.split(r"[_-]", file_name.lower())[0])


def _is_true(cell: str) -> bool:
    return cell.lower() in ("true", "yes", "1")


def _find_own_state(row: Row) -> SubscriberState:
    try:
        return SubscriberState(row.get("state", ""))
    except ValueError:
        raise ConfigError(f"unknown state {row.get('state') or '(none)'}") from None


def _find_ghost_state(row: Row) -> SubscriberState:
    is_subscribed = _is_true(row["subscribed_to_emails"]) and not row.get("deleted_at")
    return SubscriberState.CONFIRMED if is_subscribed else SubscriberState.LEFT


def _find_substack_state(row: Row) -> SubscriberState:
    return SubscriberState.LEFT if _is_true(row.get("email_disabled", "")) else SubscriberState.CONFIRMED


def _find_mailchimp_state(row: Row) -> SubscriberState:
    if row.get("clean_time"):
        return SubscriberState.GONE
    return SubscriberState.LEFT if row.get("unsub_time") else SubscriberState.CONFIRMED


# https://github.com/buttondown/openapi/blob/main/enums.json; what is not listed gets emails
_BUTTONDOWN_STATES = {
    "unactivated": SubscriberState.ASKED,
    "unsubscribed": SubscriberState.LEFT,
    "removed": SubscriberState.LEFT,
    "spammy": SubscriberState.LEFT,
    "blocked": SubscriberState.LEFT,
    "undeliverable": SubscriberState.GONE,
    "complained": SubscriberState.COMPLAINED,
}


def _find_buttondown_state(row: Row) -> SubscriberState:
    kind = row.get("type") or row.get("subscriber_type") or ""
    return _BUTTONDOWN_STATES.get(kind.lower(), SubscriberState.CONFIRMED)


def _find_listmonk_state(row: Row) -> SubscriberState:
    return SubscriberState.CONFIRMED if row["status"] == "enabled" else SubscriberState.LEFT


_LISTMONK_WARNING = (
    "listmonk's export does not say who left a list: export it with the subscription status Confirmed or Unconfirmed"
)
"""https://github.com/knadh/listmonk/issues/2855"""

FORMATS = (
    ListFormat("publisher", frozenset(COLUMNS), "email", ("name",), ("since",), _find_own_state),
    ListFormat(
        "Ghost", frozenset({"email", "subscribed_to_emails"}), "email", ("name",), ("created_at",), _find_ghost_state
    ),
    ListFormat(
        "Substack", frozenset({"email", "active_subscription"}), "email", (), ("created_at",), _find_substack_state
    ),
    ListFormat(
        "Substack",
        frozenset({"email", "subscription type", "subscription date"}),
        "email",
        ("name",),
        ("subscription date",),
        _find_substack_state,
    ),
    ListFormat(
        "Mailchimp",
        frozenset({"email address", "optin_time"}),
        "email address",
        ("name", "first name", "last name"),
        ("confirm_time", "optin_time"),
        _find_mailchimp_state,
    ),
    *(
        ListFormat("Buttondown", frozenset({address, kind}), address, (), ("creation_date",), _find_buttondown_state)
        for address in ("email_address", "email")
        for kind in ("type", "subscriber_type")
    ),
    ListFormat(
        "listmonk",
        frozenset({"uuid", "email", "status"}),
        "email",
        ("name",),
        ("created_at",),
        _find_listmonk_state,
        _LISTMONK_WARNING,
    ),
)
"""The formats that are known by their header, in the order in which they are tried."""
