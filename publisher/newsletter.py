"""The newsletter itself: its name, its URLs and its language, from publisher.toml."""

import datetime as dt
from typing import Annotated

from msgspec import Meta, Struct


class Newsletter(Struct, frozen=True):
    """The newsletter as a whole, from publisher.toml.

    `base` is no key: it is `home` of publisher.toml, by default the part of `url` before the first brace, and ends with
    a slash; `site`, below the output folder, is served there.
    """

    name: Annotated[str, Meta(description="the name, used in every title", examples=["Harbour Notes"])]
    url: Annotated[
        str,
        Meta(
            description="pattern for the URL of an issue's page, such as `https://example.org/{date}/`, with the "
            "placeholders `{date}` `{year}` `{month}` `{day}` `{id}` `{slug}` `{number}`",
            examples=["https://example.org/{date}/"],
            extra_json_schema={"pattern": r"^https?://[^\s?#{}]+[^\s?#]*$"},
        ),
    ]
    base: str
    id: Annotated[
        str,
        Meta(
            description="permanent id of the newsletter, a tag: URI such as `tag:example.org,2021:harbour`; feed "
            "readers recognize issues by it, so do not change it",
            examples=["tag:example.org,2021:harbour"],
            extra_json_schema={"pattern": r"^tag:[^,]+,\d{4}(-\d\d)?(-\d\d)?:[^#]*$"},
        ),
    ]
    site: Annotated[str, Meta(description="folder for the web server")] = "public"
    tagline: Annotated[str, Meta(description="the line below the name", examples=["What the tide brought in"])] = ""
    lang: Annotated[
        str,
        Meta(
            description="language, such as `zh-CN` or `en`",
            extra_json_schema={"pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"},
        ),
    ] = "zh-CN"
    timezone: Annotated[str, Meta(description="time zone of the dates")] = "Asia/Shanghai"
    author: Annotated[str, Meta(description="name of the author", examples=["Lin Xi"])] = ""
    email: Annotated[
        str,
        Meta(
            description="email address of the author",
            examples=["editor@example.org"],
            extra_json_schema={"pattern": r"^([^@\s]+@[^@\s]+)?$"},
        ),
    ] = ""
    license: Annotated[
        str,
        Meta(
            description="SPDX id, such as `CC-BY-SA-4.0`",
            examples=["CC-BY-SA-4.0"],
            extra_json_schema={"pattern": "^[A-Za-z0-9.+-]*$"},
        ),
    ] = ""
    contacts: Annotated[
        tuple[str, ...], Meta(description="list of lines: how to contact you", examples=[["Telegram: @my_channel"]])
    ] = ()

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
