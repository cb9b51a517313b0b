"""The newsletter itself: its name, its URLs and its language, from publisher.toml."""

from __future__ import annotations

import datetime as dt

from publisher.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Newsletter:
    """The newsletter itself, from publisher.toml; an issue never changes it.

    `url` is the address pattern of an issue page, e.g. https://example.org/news/{date}/ ; `base` is
    the part before the first brace, always ending in a slash, and `site` is the folder below the output
    folder that is served there. `id` is the tag: URI all feed ids start with. `license` is an SPDX id.
    """

    name: str
    url: str
    base: str
    id: str
    site: str = "public"
    tagline: str = ""
    lang: str = "zh-CN"
    timezone: str = "Asia/Shanghai"
    author: str = ""
    email: str = ""
    license: str = ""
    contacts: tuple[str, ...] = ()

    def issue_url(self, issue_id: str, date: dt.date) -> str:
        """The absolute address of an issue's page."""
        return self.url.format(
            id=issue_id, date=date.isoformat(), year=f"{date:%Y}", month=f"{date:%m}", day=f"{date:%d}"
        )

    def output_path(self, url: str) -> str:
        """The file, below the output folder, that is served at an address under `base`."""
        inside = url.removeprefix(self.base)
        if not inside or inside.endswith("/"):
            inside += "index.html"
        elif "." not in inside.rsplit("/", 1)[-1]:
            inside += ".html"
        return f"{self.site}/{inside}"
