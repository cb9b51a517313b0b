"""Links to the files of other issues lead to their pages, in every channel; other relative links are text."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.archive.records import Record
from publisher.build.issue_links import IssueLinks
from publisher.channels.email import Email
from publisher.channels.rss import Rss
from publisher.channels.telegram import Telegram
from publisher.channels.web import Web
from publisher.channels.wechat import WeChat
from publisher.newsletter import Newsletter
from tests.support.newsletter import Project

NEWSLETTER = Newsletter("慢刊", "https://e.org/n/{date}/", "https://e.org/n/", "tag:e.org,2021:n")
RECORDS = [
    Record("issues/2021-07-11.md", 1, 1, "", date="2021-07-11", url="https://e.org/n/2021-07-11/"),
    Record("issues/early/index.md", 1, 1, "", date="2021-07-04", url="https://e.org/n/2021-07-04/"),
]
BEFORE, EARLY = (record.url for record in RECORDS)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("2021-07-11.md", BEFORE),
        ("./2021-07-11.md", BEFORE),
        ("../issues/2021-07-11.md#part", f"{BEFORE}#part"),
        ("2021-07-11", BEFORE),
        ("2021-07-11#第一", f"{BEFORE}#第一"),
        ("/issues/2021-07-11.md", BEFORE),
        ("early/", EARLY),
        ("early/index.md", EARLY),
        ("../2021-07-11/", BEFORE),
        ("../2021-07-11/index.html#a", f"{BEFORE}#a"),
        ("../", NEWSLETTER.base),
        ("2021-07-25.md", ""),
        ("office2pdf", ""),
        ("files/a.pdf", ""),
        ("../../2021-07-11.md", ""),
        ("ex.org/8", ""),
        ("[::1", ""),
        ("%00", ""),
    ],
)
def test_where_a_relative_link_leads(link: str, target: str) -> None:
    record = Record("issues/2021-07-18.md", 1, 1, "", url="https://e.org/n/2021-07-18/", links=(link,))
    assert IssueLinks(NEWSLETTER, {one.path: one.url for one in RECORDS}).resolve(record) == {link: target}


def test_a_path_in_the_content_of_a_site() -> None:
    """As Zola and Hugo have it."""
    record = Record("site/content/b/index.md", 1, 1, "", url="https://e.org/n/2/", links=("@/a/index.md", "@/c.md"))
    links = IssueLinks(NEWSLETTER, {"site/content/a/index.md": BEFORE, "a/index.md": EARLY})
    assert links.resolve(record) == {"@/a/index.md": BEFORE, "@/c.md": ""}


def test_a_name_without_a_folder_is_that_of_one_issue_anywhere() -> None:
    """As Obsidian and Hugo have it."""
    pages = {"a/eels/index.md": BEFORE, "b/Field notes.md": EARLY, "c/x.md": "https://e.org/n/x/", "d/x.md": ""}
    wanted = ("eels", "Field%20notes", "Field%20notes.md", "x", "other/eels", "eels.md#part")
    record = Record("issues/2021-07-18.md", 1, 1, "", url="https://e.org/n/2/", links=wanted)
    found = IssueLinks(NEWSLETTER, pages).resolve(record)
    assert [*found.values()] == [BEFORE, EARLY, EARLY, "", "", f"{BEFORE}#part"]


@pytest.fixture
def linked(tmp_path: Path) -> Project:
    project = Project(tmp_path / "letter", (Web(), Rss(), WeChat(), Telegram(detail="full"), Email()))
    project.newsletter = NEWSLETTER
    project.write("2021-07-11", "旧题")
    project.write("2021-07-04", "更旧")
    project.write("2021-08-01", "将来")
    project.write("2021-06-01", "草稿", head="---\ndraft: true\n---\n")
    links = (
        "[上期](2021-07-11.md#新闻)、[下期](2021-08-01.md)、[草稿](2021-06-01.md)、[文件](files/a.pdf)、[根](/about)"
    )
    project.write("2021-07-18", "新题", text=links)
    return project


def outputs(project: Project) -> dict[str, str]:
    """What each channel says of the newest issue."""
    box = project.root / "outbox" / "2021-07-18"
    return {
        "web": project.text("2021-07-18/index.html"),
        "rss": project.text("feed.xml"),
        "wechat": (box / "wechat" / "article.html").read_text("utf-8"),
        "telegram": (box / "telegram" / "message-1.html").read_text("utf-8"),
        "email": (box / "email" / "message.txt").read_text("utf-8"),
    }


def test_a_link_to_an_issue_leads_to_its_page_in_every_channel(linked: Project) -> None:
    linked.publish()
    for channel, text in outputs(linked).items():
        assert "https://e.org/n/2021-07-11/#" in text, channel
        assert "https://e.org/about" in text, channel
        for word in ("上期", "下期", "草稿", "文件"):
            assert word in text, channel
        for address in (".md", "2021-08-01", "2021-06-01", "a.pdf"):
            assert address not in text, channel


def test_only_issues_with_a_link_depend_on_the_page_it_leads_to(linked: Project) -> None:
    linked.write("2020-01-01", "最早", head="---\nid: first\n---\n")
    linked.write("2020-01-08", "第二")
    linked.write("2021-07-18", "新题", text="[第一期](2020-01-01.md)")
    linked.publish()
    assert linked.publish().channels["web"].written == ()
    linked.write("2020-01-01", "最早", head="---\nid: first\ndate: 2020-01-02\n---\n")
    written = linked.publish().channels["web"].written
    assert sorted(key for key in written if "index.html" in key and "/20" in key) == [
        "public/2020-01-02/index.html",
        "public/2020-01-08/index.html",  # its neighbour
        "public/2021-07-18/index.html",
    ]
    assert "https://e.org/n/2020-01-02/" in linked.text("2021-07-18/index.html").partition("</article>")[0]
    assert "https://e.org/n/2020-01-02/" in linked.text("feed.xml").partition("2020-01-08")[0]
    linked.path("2020-01-01").unlink()
    linked.publish()
    page = linked.text("2021-07-18/index.html").partition("</article>")[0]
    assert "第一期" in page
    assert "2020-01-02" not in page
    assert "2020-01-02" not in linked.text("feed.xml")


FILES = {
    "a.pdf": b"%PDF-1.7\n",
    "a.txt": "文字\n".encode(),
    "a.csv": b"a,b\n",
    "a.zip": b"PK\x03\x04rest",
    "a.mp3": b"ID3\x04rest",
    "a.mp4": b"\0\0\0\x18ftypmp42",
    "a.webm": b"\x1a\x45\xdf\xa3rest",
    "a.png": b"\x89PNG\r\n\x1a\nrest",
    "b.pdf": b"#!/bin/sh\n",
    "b.txt": b"\0binary",
    "b.csv": b"\xff\xfe\xfa",
    "b.zip": b"not a zip",
    "b.mp3": b"text",
    "b.mp4": b"text that is long enough",
    "b.webm": b"text",
    "b.png": b"text",
    "b.exe": b"MZ",
    "b.html": b"<script>",
    ".b.txt": b"hidden",
    "secret.txt": b"named in publisher.toml",
}


def test_only_linked_files_of_known_kinds_are_copied(linked: Project, tmp_path: Path) -> None:
    folder = linked.root / "issues" / "files"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (folder / "b-link.txt").symlink_to(tmp_path / "outside.txt")
    (tmp_path / "outside.txt").write_text("outside", "utf-8")
    linked.private_files = ("issues/files/secret.txt",)
    names = [*FILES, "b-link.txt", "b-missing.pdf"]
    links = "、".join(f"[{name}](files/{name})" for name in [*names, "../../../outside.txt"])
    linked.write("2021-07-18", "新题", text=links)
    linked.publish()
    page = linked.text("2021-07-18/index.html")
    copied = sorted(path.name for path in (linked.root / "public" / "2021-07-18" / "files").iterdir())
    assert copied == sorted(name for name in FILES if name.startswith("a."))
    for name in names:
        link = f'<a href="https://e.org/n/2021-07-18/files/{name}">'
        assert (link in page) == (name in copied), name
        assert name in page
    (folder / "b-missing.pdf").write_bytes(FILES["a.pdf"])
    linked.publish()
    assert 'href="https://e.org/n/2021-07-18/files/b-missing.pdf"' in linked.text("2021-07-18/index.html")
    assert (linked.root / "public" / "2021-07-18" / "files" / "b-missing.pdf").is_file()


OTHER_TOOLS = ["[[2021-07-11|上期]]", '[上期]({{< ref "2021-07-11.md" >}})', "[上期]({% post_url 2021-07-11 %})"]


@pytest.mark.parametrize("link", OTHER_TOOLS)
def test_links_and_alerts_of_other_tools_in_every_channel(linked: Project, link: str) -> None:
    linked.write("2021-07-18", "新题", text=f"见{link}。\n\n:::tip\n小心。\n:::\n\n尾")
    linked.publish()
    for name, text in outputs(linked).items():
        assert BEFORE in text, name
        assert "提示" in text, name
