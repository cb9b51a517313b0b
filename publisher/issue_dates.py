"""dates.toml: the dates of issues that have none in their text or file name, one line for each.

    "issues/issue-250.md" = 2023-04-14

`init` writes it for newsletters that count their issues, and for issues that came out on the same day: the id of an
issue in it is the name of its file. A date of the issue's own comes first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from publisher.project import DATES_FILE
from publisher.toml import TomlDocument

_HEADER = """\
# The dates of issues that have none in their text or file name. You can change them: the id of an issue in this file
# is its file name, so that feed readers do not show it again. A date of the issue's own comes first.
"""


def load_issue_dates(folder: Path) -> tuple[Mapping[str, dt.date], bytes]:
    """Return the dates of dates.toml in `folder`, by the path of the issue, and the bytes of the file.

    Both are empty if there is no file. Raises ConfigError with line and column for a value that is no date.
    """
    path = folder / DATES_FILE
    if not path.is_file():
        return {}, b""
    document = TomlDocument(path)
    dates = {}
    for issue, value in document.data.items():
        if not isinstance(value, dt.date):
            message = f"the date of {issue} must be written without quotes, as year, month and day"
            raise document.error((issue,), message, f"like {format_issue_date(issue, '2021-07-18')}")
        dates[issue] = value.date() if isinstance(value, dt.datetime) else value
    return dates, document.body


def format_issue_date(path: str, date: dt.date | str) -> str:
    """Return the line of dates.toml for an issue."""
    quoted = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" = {date}'


def format_issue_dates(dates: Mapping[str, dt.date]) -> str:
    """Return the text of dates.toml, in the order of `dates`."""
    return _HEADER + "".join(f"{format_issue_date(path, date)}\n" for path, date in dates.items())
