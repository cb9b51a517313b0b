"""What `publish check` finds, `publish` refuses: issues with one id or URL, and pages that cannot be where they are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from publisher.cli.main import main

NOW = dt.datetime(2021, 9, 1, 4, 0, tzinfo=dt.UTC)
URL = "https://letters.test/{date}/"

# url of publisher.toml, front matter of the issue of 18 July, of 1 August, and whether they exclude each other
CASES = {
    "different issues": (URL, "", "", False),
    "the same id": (URL, "", "id: 2021-07-18", True),
    "the same id in two front matters": (URL, "id: a", "id: a", True),
    "the same URL by a short pattern": ("https://letters.test/{year}/", "", "", True),
    "the same URL by a slug": ("https://letters.test/{slug}/", "slug: a", "slug: a", True),
    "the same URL in the front matter": (URL, "url: /a.html", "url: /a.html", True),
    "the page of another issue": (URL, "", "url: /2021-07-18/", True),
    "an alias that is the page of another issue": (URL, "", "aliases: [/2021-07-18/]", True),
    "the same alias": (URL, "aliases: [/old/]", "aliases: [/old/]", True),
    "the same feed_id": (URL, "feed_id: urn:a", "feed_id: urn:a", True),
    "a feed": (URL, "", "url: /feed.xml", True),
    "an alias that is a feed": (URL, "", "aliases: [/atom.xml]", True),
    "a page of the newsletter": (URL, "", "url: /subscribe.html", True),
    "a name that no file can have": ("https://letters.test/{slug}/", "", f"slug: {'a' * 300}", True),
    "no number": ("https://letters.test/{number}/", "number: 1", "", True),
    "a draft": (URL, "", "id: 2021-07-18\ndraft: true", False),
}


def prepare(root: Path, url: str, first: str, second: str) -> None:
    (root / "issues").mkdir()
    settings = f'[newsletter]\nname = "N"\nurl = "{url}"\nid = "tag:letters.test,2021:n"\nlang = "en"\n'
    (root / "publisher.toml").write_text(settings, "utf-8")
    for date, front in (("2021-07-18", first), ("2021-08-01", second)):
        text = f"---\n{front}\n---\n# Notes ({date})\n\nAbout boats on {date}.\n"
        (root / f"issues/{date}.md").write_text(text, "utf-8")
        (root / f"notes-{date}.md").write_text(text, "utf-8")  # not an issue


@pytest.mark.parametrize("case", CASES)
def test_check_and_publish_agree(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, first, second, conflict = CASES[case]
    prepare(tmp_path, url, first, second)
    monkeypatch.chdir(tmp_path)
    issue = "issues/2021-08-01.md"
    checked = main(["check", "--format", "concise"], NOW)
    assert ("address-conflict" in capsys.readouterr().out, checked) == (conflict, int(conflict))
    assert main(["check", issue], NOW) == int(conflict)
    is_draft = "draft" in second
    assert main([issue, "--yes"], NOW) == int(conflict or is_draft)


def test_a_file_elsewhere_is_no_second_issue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(tmp_path, URL, "", "")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "notes-2021-08-01.md"], NOW) == 0, capsys.readouterr().out


def test_a_code_that_the_issue_ignores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path, URL, "", "id: 2021-07-18")
    path = tmp_path / "issues/2021-08-01.md"
    path.write_text(path.read_text("utf-8") + "\n<!-- publish: ignore=address-conflict -->\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "issues/2021-08-01.md"], NOW) == 0
