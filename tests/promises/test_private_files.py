"""Nothing but the issues and their images is published, whatever an issue refers to."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from publisher import images
from publisher.cli.main import main
from publisher.file_kinds import MAX_IMAGE_BYTES

NOON = dt.datetime(2021, 7, 18, 4, tzinfo=dt.UTC)
PNG = b"\x89PNG\r\n\x1a\n"
SECRET = b"never-to-be-published"
SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"

[schedule]
on_failure = "file:alarm.png"

[channels.wechat]

[channels.telegram]

[channels.email]
enabled = false
server = "smtp://localhost"
from = "a@e.org"
recipients = "readers.txt"
user = "a"
password = "file:keys.png"
dkim = "s1._domainkey.e.org"
dkim_key = "file:dkim.pem"
"""
FORMS = ("![潮]({})", "- [浪](https://e.org/1)\n  <img src='{}' alt=潮>", "![潮][图]\n\n[图]: {}")


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter with private files, each of which contains SECRET; some look like images."""
    root = tmp_path / "letter"
    for path, body in {
        "publisher.toml": SETTINGS.encode() + b"# " + SECRET,
        "readers.txt": SECRET,
        "dkim.pem": SECRET,
        "keys.png": PNG + SECRET,
        "alarm.png": PNG + SECRET,
        "../outside.png": PNG + SECRET,
        ".publisher/ledger.png": PNG + SECRET,
        ".git/logo.png": PNG + SECRET,
        "issues/img/.old.png": PNG + SECRET,
        "issues/img/text.png": SECRET,
        "issues/img/text.svg": b"<p>" + SECRET,
        "issues/img/image.txt": PNG + SECRET,
        "issues/img/image": PNG + SECRET,
        "issues/img/good.png": PNG,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    with (root / "issues" / "img" / "large.png").open("wb") as file:
        file.write(PNG + SECRET)
        file.truncate(MAX_IMAGE_BYTES + 1)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return root


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """run("check") runs a command in the newsletter."""

    def call(*words: str) -> Said:
        code = main(list(words), NOON)
        return Said(code, *capsys.readouterr())

    return call


def write_issue(root: Path, url: str) -> list[tuple[int, int]]:
    """Write an issue that refers to an image in each form; return line and column of each URL."""
    text = "# 慢刊 (2021-07-18)\n\n> 导读：潮。\n\n## 新闻\n\n" + "\n\n".join(form.format(url) for form in FORMS) + "\n"
    (root / "issues" / "2021-07-18.md").write_text(text, "utf-8")
    lines = [*enumerate(text.split("\n"), 1)]
    return [(number, line.index(url) + 1) for number, line in lines if url in line]


def published(root: Path) -> dict[str, bytes]:
    """Every file that was published, by its path."""
    files = [path for folder in ("public", "outbox") for path in (root / folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def link(path: str, target: str) -> Callable[[], None]:
    return lambda: Path("issues", "img", path).symlink_to(target)


def nothing() -> None:
    """The file is there already."""


# what an image refers to, the code of its problem, and what is done before
HOSTILE: dict[str, tuple[str, str, Callable[[], object]]] = {
    "recipients": ("../readers.txt", "file-private", nothing),
    "key": ("../dkim.pem", "file-private", nothing),
    "key that looks like an image": ("../keys.png", "file-private", nothing),
    "reference in another table": ("../alarm.png", "file-private", nothing),
    "publisher.toml": ("../publisher.toml", "file-private", nothing),
    "ledger": ("../.publisher/ledger.png", "file-hidden", nothing),
    "hidden folder": ("../.git/logo.png", "file-hidden", nothing),
    "hidden file": ("img/.old.png", "file-hidden", nothing),
    "back and forth": ("img/../../issues/../keys.png", "file-private", nothing),
    "encoded dots": ("%2e%2e/keys.png", "file-private", nothing),
    "encoded slash": ("..%2Fkeys.png", "file-private", nothing),
    "encoded letters": ("../%6beys.%70ng", "file-private", nothing),
    "query": ("../readers.txt?a=b.png", "file-private", nothing),
    "other case": ("../KEYS.PNG", "file-private", nothing),
    "outside": ("../../outside.png", "file-outside", nothing),
    "far outside": ("../../../../../../../../../etc/passwd", "file-outside", nothing),
    "outside, encoded": ("..%2f..%2foutside.png", "file-outside", nothing),
    "link to outside": ("img/a.png", "file-outside", link("a.png", "../../../outside.png")),
    "link to the environment": ("img/a.png", "file-outside", link("a.png", "/proc/self/environ")),
    "link without an end": ("img/a.png", "file-outside", link("a.png", "/dev/zero")),
    "link to a private file": ("img/a.png", "file-private", link("a.png", "../../keys.png")),
    "link to a link": (
        "img/b.png", "file-private", lambda: [link("a.png", "../../keys.png")(), link("b.png", "a.png")()]
    ),
    "link to a hidden file": ("img/a.png", "file-hidden", link("a.png", "../../.publisher/ledger.png")),
    "folder that is a link": ("img/up/outside.png", "file-outside", link("up", "../../..")),
    "folder that is a link to inside": ("img/up/keys.png", "file-private", link("up", "../..")),
    "folder that is a link to a hidden one": ("img/git/logo.png", "file-hidden", link("git", "../../.git")),
    "second name of a private file": ("img/a.png", "file-private", lambda: os.link("keys.png", "issues/img/a.png")),
    "pipe": ("img/a.png", "not-a-file", lambda: os.mkfifo("issues/img/a.png")),
    "folder": ("img/a.png", "not-a-file", lambda: Path("issues/img/a.png").mkdir()),
    "text by content": ("img/text.png", "not-an-image", nothing),
    "text by content, as SVG": ("img/text.svg", "not-an-image", nothing),
    "text by name": ("img/image.txt", "not-an-image", nothing),
    "no kind by name": ("img/image", "not-an-image", nothing),
    "too large": ("img/large.png", "file-too-large", nothing),
    "link in a circle": ("img/a.png", "not-a-file", link("a.png", "a.png")),
    "link to nothing": ("img/a.png", "file-missing", link("a.png", "b.png")),
    "file as a folder": ("img/good.png/a.png", "file-missing", nothing),
    "page as its place": ("img/good.png/", "file-missing", nothing),
    "place above the page": ("img/%2e%2e/img/good.png", "file-missing", nothing),
    "name that is too long": (f"img/{'a' * 300}.png", "file-missing", nothing),
}  # fmt: skip


@pytest.mark.parametrize(("url", "code", "prepare"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_file_that_is_no_public_image_is_not_published(
    root: Path, run: Callable[..., Said], url: str, code: str, prepare: Callable[[], object]
) -> None:
    prepare()
    places = write_issue(root, url)
    is_error = code != "file-missing"

    checked = run("check", "--format", "concise")
    assert checked.code == is_error
    for line, column in places:
        assert f"issues/2021-07-18.md:{line}:{column}: {'error' if is_error else 'warning'}[{code}]" in checked.out

    assert run("--yes").code == is_error
    assert is_error == (not published(root))
    forced = run("--yes", "--force")
    assert forced.code == 0
    assert f"no image {url}" in forced.out + forced.err
    files = published(root)
    assert "public/2021-07-18/index.html" in files
    images = [path for path in files if not path.endswith(PUBLISHED)]
    assert all(path.startswith("public/cards/") for path in images)
    assert [path for path, body in files.items() if SECRET in body] == []
    page = files["public/2021-07-18/index.html"].decode()
    assert page.count("潮</p>") + page.count("潮</div>") >= 3
    assert "<img" not in page


PUBLISHED = (".html", ".xml", ".json", ".gz", ".br", ".xsl", ".svg", ".eml", ".txt", ".opml", ".css", ".js")


def test_public_images_are_published(root: Path, run: Callable[..., Said]) -> None:
    """The test above can fail: with the same newsletter, what may be published is."""
    (root / "issues" / "img" / "a.png").symlink_to("good.png")
    for url in ("img/good.png", "img/a.png", "img/../img/good.png", "./img/%67ood.png"):
        write_issue(root, url)
        assert run("check").code == 0
        assert run("--yes").code == 0
    assert {path for path in published(root) if path.endswith(".png") and "/cards/" not in path} == {
        "public/2021-07-18/img/a.png", "public/2021-07-18/img/good.png"
    }  # fmt: skip


# ------------------------------------------------------------------ after the first publication


def replace_by(path: Path, put: Callable[[Path], object]) -> None:
    path.unlink()
    put(path)


def keep_the_times(path: Path) -> None:
    """Write a text of the same size and modification time."""
    before = path.stat()
    path.write_bytes(b"x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "link to a private file": ("file-private", lambda path: replace_by(path, lambda p: p.symlink_to("../../keys.png"))),
    "link to outside": ("file-outside", lambda path: replace_by(path, lambda p: p.symlink_to("../../../outside.png"))),
    "pipe": ("not-a-file", lambda path: replace_by(path, os.mkfifo)),
    "text": ("not-an-image", lambda path: path.write_bytes(SECRET)),
    "text of the same size and time": ("not-an-image", keep_the_times),
    "too large": ("file-too-large", lambda path: os.truncate(path, MAX_IMAGE_BYTES + 1)),
    "folder that is a link to a hidden one": (
        "file-hidden",
        lambda path: (path.parent.rename(".img"), path.parent.symlink_to("../.img")),
    ),
    "hidden folder": ("file-missing", lambda path: path.parent.rename(".img")),
}


@pytest.mark.parametrize(("code", "change"), CHANGES.values(), ids=list(CHANGES))
def test_an_image_that_may_no_longer_be_published_is_noticed(
    root: Path, run: Callable[..., Said], code: str, change: Callable[[Path], object]
) -> None:
    write_issue(root, "img/good.png")
    (root / "issues" / "img" / "good.png").write_bytes(PNG + b"good")
    assert run("--yes").code == 0
    assert "nothing to do" in run("--yes").out
    assert published(root)["public/2021-07-18/img/good.png"] == PNG + b"good"

    change(root / "issues" / "img" / "good.png")
    assert f"[{code}]" in run("check").out
    run("--yes", "--force")
    files = published(root)
    assert "<img" not in files["public/2021-07-18/index.html"].decode()
    assert files["public/2021-07-18/img/good.png"] == PNG + b"good"
    assert "nothing to do" in run("--yes").out


def test_an_image_that_is_replaced_during_the_run_is_not_published(
    root: Path, run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_issue(root, "img/good.png")
    image = root / "issues" / "img" / "good.png"
    inspect = images.inspect_image

    def inspect_and_replace(*arguments: Any) -> object:
        found = inspect(*arguments)
        replace_by(image, lambda path: path.symlink_to("../../keys.png"))
        return found

    monkeypatch.setattr(images, "inspect_image", inspect_and_replace)
    said = run("--yes", "--force")
    assert said.code == 6
    assert "issues/img/good.png has changed since its issue was read: it is private" in said.out + said.err
    assert not [path for path, body in published(root).items() if SECRET in body]


# ------------------------------------------------------------------------------------- issues

ISSUE = "# 慢刊 (2021-07-11)\n\n> 导读：潮。\n\n## 新闻\n\n- [盐](https://e.org/2)\n  摘要：never-to-be-published\n"


HOSTILE_ISSUES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "outside": ("outside of the newsletter's folder", lambda path: path.symlink_to("../../outside.md")),
    "system file": ("outside of the newsletter's folder", lambda path: path.symlink_to("/etc/passwd")),
    "environment": ("outside of the newsletter's folder", lambda path: path.symlink_to("/proc/self/environ")),
    "without an end": ("outside of the newsletter's folder", lambda path: path.symlink_to("/dev/zero")),
    "hidden": ("hidden", lambda path: path.symlink_to("../.git/issue.md")),
    "recipients": ("private", lambda path: path.symlink_to("../readers.txt")),
    "second name of the recipients": ("private", lambda path: os.link("readers.txt", path)),
    "pipe": ("not a regular file", os.mkfifo),
    "link to a pipe": ("not a regular file", lambda path: (os.mkfifo("pipe"), path.symlink_to("../pipe"))),
}


@pytest.mark.parametrize(("reason", "put"), HOSTILE_ISSUES.values(), ids=list(HOSTILE_ISSUES))
def test_an_issue_that_is_no_file_of_the_newsletter_is_left_out(
    root: Path, run: Callable[..., Said], reason: str, put: Callable[[Path], object]
) -> None:
    for path in ("readers.txt", "../outside.md", ".git/issue.md"):
        (root / path).write_text(ISSUE, "utf-8")
    put(root / "issues" / "2021-07-11.md")
    write_issue(root, "img/good.png")

    said = run("--yes", "--force")
    assert said.code == 0
    (line,) = [line for line in (said.out + said.err).splitlines() if "2021-07-11" in line]
    assert "left out: issues/2021-07-11.md is" in line
    assert reason in line
    files = published(root)
    assert "public/2021-07-18/index.html" in files
    assert [path for path, body in files.items() if SECRET in body or "2021-07-11" in path] == []
    assert "nothing to do" in run("--yes").out

    for words in ((), ("--fix",), ("issues/2021-07-11.md",)):
        checked = run("check", *words)
        assert checked.code == 1
        assert f"error: issues/2021-07-11.md is {reason}" in checked.err
    assert (root / "../outside.md").read_text("utf-8") == ISSUE


def test_an_issue_that_becomes_a_link_to_outside_is_left_out(root: Path, run: Callable[..., Said]) -> None:
    write_issue(root, "img/good.png")
    old = root / "issues" / "2021-07-11.md"
    old.write_text(ISSUE, "utf-8")
    assert run("--yes").code == 0
    old.rename(root / "../outside.md")  # with the same bytes and times
    old.symlink_to("../../outside.md")
    assert "left out: issues/2021-07-11.md" in run("--yes").err
    assert "2021-07-11" not in published(root)["public/index.html"].decode()


def test_links_in_a_circle_stop_nothing(root: Path, run: Callable[..., Said]) -> None:
    write_issue(root, "img/good.png")
    for path, target in {"a": "..", "loop": "loop", "2021-07-11.md": "2021-07-11.md", "deep.md": "nowhere"}.items():
        (root / "issues" / path).symlink_to(target)
    for pattern in ("issues/*.md", "issues/**/*.md", "**/*.md", "*/*/issues/*.md"):
        (root / "publisher.toml").write_text(SETTINGS.replace("[schedule]", f'issues = "{pattern}"\n\n[schedule]'))
        for words in (("--yes",), ("check",), ("status",)):
            said = run(*words)
            assert (said.code, "left out" in said.err) == (0, False), (pattern, said)
