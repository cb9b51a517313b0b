"""The newsletter itself: its name, its URLs and its language, from publisher.toml."""

import datetime as dt

from msgspec import Struct


class Newsletter(Struct, frozen=True):
    """The newsletter as a whole, from publisher.toml.

    `url` is the URL pattern of issue pages, e.g. https://example.org/news/{date}/ ; `base` is `home` of publisher.toml,
    by default the part before the first brace, and ends with a slash; `site` is the folder below the output folder
    that is served at `base`. `id` is the tag: URI that all feed ids start with. `license` is an SPDX id.
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

    def issue_url(self, issue_id: str, date: dt.date, slug: str = "", number: str = "") -> str:
        """Return the absolute URL of the page of an issue by the pattern; without a slug, the id is in its place."""
        slug = slug or issue_id
        if self.url.endswith("{slug}"):  # or what follows a dot would be the type of the file
            slug = slug.replace(".", "-")
        year, month, day = f"{date:%Y}", f"{date:%m}", f"{date:%d}"
        return self.url.format(
            id=issue_id, date=date.isoformat(), year=year, month=month, day=day, slug=slug, number=number
        )

    def output_path(self, url: str) -> str:
        """Return the path, below the output folder, of the file served at a URL under `base`."""
        path = url.removeprefix(self.base)
        if not path or path.endswith("/"):
            path += "index.html"
        elif "." not in path.rsplit("/", 1)[-1]:
            path += ".html"
        return f"{self.site}/{path}"
