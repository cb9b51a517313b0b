"""Pages with a slug: that old addresses stay, and that one which moves is reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.channels.web import Web
from publisher.errors import IssueError
from tests.support.newsletter import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path, (Web(),))
    project.newsletter = replace(project.newsletter, url="https://e.org/posts/{slug}/", base="https://e.org/")
    project.write("2021-07-04", "一", name="2021-07-04-boats")
    project.write("2021-07-18", "二", name="2021-07-18-tides")
    return project


def rewrite(project: Project, front: str) -> None:
    project.write("2021-07-04", "一", name="2021-07-04-boats", head=f"---\n{front}\n---\n")


def test_a_page_that_moved_is_reported_once(project: Project) -> None:
    project.publish()
    assert project.warnings == []
    rewrite(project, "slug: ships")
    for dry_run in (True, False):  # a dry run does not make it known
        project.publish(dry_run=dry_run)
        assert project.warnings == [
            "the page of issues/2021-07-04-boats.md moved from https://e.org/posts/boats/ to "
            "https://e.org/posts/ships/: links to the old address lead nowhere, unless its front matter has the old "
            "`slug:`, or the old path in `aliases:`"
        ]
    project.publish()
    assert project.warnings == []
    assert "/posts/ships/" in project.text("posts/ships/index.html")


def test_an_alias_leads_to_the_page(project: Project) -> None:
    project.publish()
    rewrite(project, "slug: ships\naliases: [/posts/boats/, /2021/boats.html]")
    project.publish()
    assert project.warnings == []
    for name, way in (
        ("posts/boats/index.html", "../ships/index.html"),
        ("2021/boats.html", "../posts/ships/index.html"),
    ):
        page = project.text(name)
        assert f'content="0; url={way}"' in page
        assert '<link rel="canonical" href="https://e.org/posts/ships/">' in page
        assert (project.root / "public" / name).parent.joinpath(way).resolve().is_file()


def test_many_pages_are_reported_in_one_line(project: Project) -> None:
    project.publish()
    project.newsletter = replace(project.newsletter, url="https://e.org/p/{slug}/")
    (project.root / "publisher.toml").write_text("# changed")
    project.publish()
    (warning,) = project.warnings
    assert warning.startswith("2 pages, such as that of issues/")


def test_the_former_address_is_kept_with_the_sources(project: Project) -> None:
    project.publish()
    saved = json.loads((project.root / ".publisher" / "revisions.json").read_bytes())
    assert saved["tag:e.org,2021:n/2021-07-04"]["url"] == "https://e.org/posts/boats/"


CONFLICTS = [
    ("id: a\nslug: tides", "have the same URL https://e.org/posts/tides/", "set another `slug:`"),
    ("id: a\nurl: /posts/tides/", "have the same URL https://e.org/posts/tides/", "set another `slug:`"),
    ("aliases: /posts/tides/", "have the same URL https://e.org/posts/tides/, as page or alias", "correct `aliases:`"),
    ("feed_id: x", "both have the feed_id x", "correct `feed_id:`"),
]


@pytest.mark.parametrize(("front", "message", "hint"), CONFLICTS)
def test_two_issues_with_one_address_are_both_named(project: Project, front: str, message: str, hint: str) -> None:
    project.write("2021-07-18", "二", name="2021-07-18-tides", head="---\nslug: tides\nfeed_id: x\n---\n")
    rewrite(project, front)
    with pytest.raises(IssueError) as caught:
        project.publish(issue="2021-07-04-boats")
    assert caught.value.message == f"issues/2021-07-04-boats.md and issues/2021-07-18-tides.md {message}"
    assert caught.value.hint.startswith(hint)


def test_an_address_outside_of_the_site_is_reported(project: Project) -> None:
    project.newsletter = replace(project.newsletter, base="https://e.org/posts/")
    rewrite(project, "permalink: /boats/")
    outcome = project.publish(issue="2021-07-04")
    assert outcome.issue
    assert outcome.issue.problems == ("/boats/ is outside of https://e.org/posts/",)
    assert outcome.issue.url == "https://e.org/posts/boats/"


def test_images_are_beside_the_page_wherever_it_is(project: Project) -> None:
    rewrite(project, "permalink: /2014/boats/")
    path = project.path("2021-07-04-boats")
    path.write_text(path.read_text() + "\n![](a.png)\n")
    (project.root / "issues" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    project.publish()
    assert (project.root / "public/2014/boats/a.png").is_file()
