"""Records of issues, as the tests of the archive need them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from publisher.archive.records import Record

TODAY = dt.date(2021, 7, 18)
CHINA = ZoneInfo("Asia/Shanghai")


def record(path: str, date: str = "2021-07-04", **values: object) -> Record:
    stem = path.rpartition("/")[2].removesuffix(".md")
    known: dict[str, object] = {"id": stem, "date": date, "url": f"https://e.org/{stem}/"}
    return Record(path, 10, 1, f"sha of {path}")._replace(**(known | values))


OLD = record("issues/2021-07-04.md", "2021-07-04")
DUE = record("issues/2021-07-18.md", "2021-07-18")
NEXT = record("issues/2021-08-01.md", "2021-08-01")
