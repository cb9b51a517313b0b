"""Templates: user files replace built-in ones; errors are reported with file and line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from publisher.errors import ConfigError
from publisher.model import Code, Paragraph, Text
from publisher.newsletter import Newsletter
from publisher.theme import Theme

PUBLICATION = Newsletter("N", "https://n.example/{date}/", "https://n.example/", "tag:n.example,2020:n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    return tmp_path / "templates"


def test_built_in_files_are_there() -> None:
    theme = Theme.load()
    assert {"layout.html", "issue.html", "index.html", "subscribe.html", "style.css"} <= set(theme.files)
    assert theme.text("style.css").startswith(":root")
    assert "README.md" not in theme.files


def test_user_files_replace_built_in_ones(folder: Path) -> None:
    (folder / "style.css").write_text("p { color: red }")
    (folder / "extra.html").write_text("{{ one }}")
    theme = Theme.load(folder)
    assert theme.text("style.css") == "p { color: red }"
    assert theme.render("extra.html", one=1) == "1"
    assert theme.text("layout.html") == Theme.load().text("layout.html")


def test_a_user_template_can_extend_a_built_in_one(folder: Path) -> None:
    (folder / "own.html").write_text('{% extends "mine.html" %}{% block b %}B{{ super() }}{% endblock %}')
    (folder / "mine.html").write_text("a{% block b %}b{% endblock %}c")
    assert Theme.load(folder).render("own.html") == "aBbc"


def test_other_files_are_ignored(folder: Path) -> None:
    (folder / "logo.png").write_bytes(b"\x89PNG\xff")
    (folder / ".hidden.html").write_bytes(b"\xff")
    (folder / "old").mkdir()
    (folder / "README.md").write_text("What is changed here, and why.")
    assert set(Theme.load(folder).files) == set(Theme.load().files)


def test_a_missing_folder_is_no_theme(tmp_path: Path) -> None:
    assert Theme.load(tmp_path / "templates") == Theme.load()


def test_text_is_escaped_and_nodes_become_html(folder: Path) -> None:
    (folder / "t.html").write_text(
        '{{ word }}|{{ blocks | blocks }}|{{ line | inlines }}|<a href="{{ url | url }}"{{ line | lang }}>'
    )
    made = Theme.load(folder).render(
        "t.html",
        word="a<b",
        blocks=(Paragraph((Text("x & y"),)),),
        line=(Code("<i>"),),
        url='https://n.example/雪?"a"',
        newsletter=PUBLICATION,
    )
    expected = 'a&lt;b|<p>x &amp; y</p>|<code>&lt;i&gt;</code>|<a href="https://n.example/%E9%9B%AA?%22a%22">'
    assert made == expected


def test_fingerprint_depends_only_on_texts(folder: Path) -> None:
    plain = Theme.load().fingerprint
    (folder / "style.css").write_text(Theme.load().text("style.css"))
    assert Theme.load(folder).fingerprint == plain
    (folder / "style.css").write_text("p {}")
    changed = Theme.load(folder).fingerprint
    assert changed != plain
    (folder / "style.css").rename(folder / "other.css")
    assert Theme.load(folder).fingerprint not in (plain, changed)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("fine\n\n{{ nobody }}", "bad.html:3: 'nobody' is undefined"),
        ("fine\n{% if %}", "bad.html:2: Expected an expression"),
        ("a\n{{ 1 / 0 }}", "bad.html:2: division by zero"),
        ('{% include "gone.html" %}', "bad.html:1: "),
        ("{{ w.nothing }}", "bad.html:1: "),
        ("{{ 'x' | nofilter }}", "bad.html:1: No filter named 'nofilter'"),
    ],
)
def test_an_error_is_reported_with_file_and_line(folder: Path, source: str, message: str) -> None:
    (folder / "bad.html").write_text(source)
    with pytest.raises(ConfigError) as caught:
        Theme.load(folder).render("bad.html", w={})
    assert str(caught.value).startswith(f"{folder}/{message}")
    assert "\n" not in str(caught.value)
    assert caught.value.hint == "fix the template, or remove it to use the built-in one"


def test_an_error_is_reported_in_the_included_file(folder: Path) -> None:
    (folder / "part.html").write_text("\n\n\n{{ nobody }}")
    (folder / "whole.html").write_text('{% include "part.html" %}')
    with pytest.raises(ConfigError, match=r"part\.html:4: 'nobody' is undefined"):
        Theme.load(folder).render("whole.html")


def test_an_error_in_a_built_in_template_is_not_a_config_error() -> None:
    with pytest.raises(Exception, match="undefined") as caught:
        Theme.load().render("index.html")
    assert not isinstance(caught.value, ConfigError)


def test_a_template_that_is_not_text(folder: Path) -> None:
    (folder / "bad.html").write_bytes(b"abc\xff")
    with pytest.raises(ConfigError, match=r"bad\.html: not UTF-8 text \(byte 4\)"):
        Theme.load(folder)


def test_a_theme_can_be_pickled(folder: Path) -> None:
    (folder / "t.html").write_text("{{ a }}")
    theme = Theme.load(folder)
    fresh = len(pickle.dumps(theme))
    assert theme.render("t.html", a=1) == "1"
    travelled = pickle.dumps(theme)
    assert len(travelled) == fresh
    assert pickle.loads(travelled).render("t.html", a=2) == "2"


def test_compiled_templates_are_kept_and_follow_their_source(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "templates"
    (folder / "t.html").write_text("old {{ a }}")
    assert Theme.load(folder, cache).render("t.html", a=1) == "old 1"
    (kept,) = cache.iterdir()
    before = kept.read_bytes()
    assert Theme.load(folder, cache).render("t.html", a=2) == "old 2"
    assert kept.read_bytes() == before
    (folder / "t.html").write_text("new {{ a }}")
    assert Theme.load(folder, cache).render("t.html", a=3) == "new 3"


def test_an_unwritable_cache_is_ignored(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (folder / "t.html").write_text("{{ a }}")
    assert Theme.load(folder, tmp_path / "file" / "cache").render("t.html", a=1) == "1"
