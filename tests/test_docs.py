"""README.md and CONTRIBUTING.md match the code."""

from __future__ import annotations

import re
import types
from pathlib import Path

import pytest
from msgspec.structs import fields

from publisher import registry, transforms
from publisher.channel import Channel, Context
from publisher.cli.parser import COMMANDS
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.testing import check_channel
from publisher.theme import Theme
from publisher.toml import config_key

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def block(language: str, text: str = README) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def documented_keys() -> dict[str, dict[str, str]]:
    """Return the tables of publisher.toml in the README: table to key to default as written."""
    tables: dict[str, dict[str, str]] = {}
    section = README.split("## publisher.toml")[1].split("\n## ")[0]
    for line in section.splitlines():
        if found := re.match(r"\| \*\*\[(.+?)\]\*\* ", line):
            table = tables.setdefault(found[1], {})
        elif (cells := line.strip("| ").split(" |")) and cells[0].startswith("`"):
            for key in re.findall(r"`(.+?)`", cells[0]):
                table[key] = cells[2].strip(" `") if len(cells) > 2 else ""
    return tables


def test_the_two_commands_come_first() -> None:
    assert re.findall(r"^\$ (\w+ \w+)", block("console")[0], re.MULTILINE) == ["make demo", "make test"]


def test_help_is_printed_as_shown(publish, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """`--accept` writes the help into the README instead."""
    shown = README.split("<!-- help -->")[1].split("```")[1].removeprefix("text\n")
    printed = publish("--help", folder=tmp_path, env={"COLUMNS": "100"})
    if request.config.getoption("--accept"):
        (ROOT / "README.md").write_text(README.replace(shown, printed), "utf-8")
        return
    assert printed == shown


def test_every_command_shown_exists() -> None:
    shown = {
        line.split()[2] for text in block("console") for line in text.splitlines() if "$ publish " in line
    }
    assert {word for word in shown if not word.startswith("-")} <= set(COMMANDS)


def test_every_key_of_the_newsletter_is_documented() -> None:
    known = {field.name: field.default for field in fields(Newsletter)} | {"issues": "issues/*.md"}
    del known["base"]
    shown = documented_keys()["newsletter"]
    assert set(shown) == set(known)
    for key, default in shown.items():
        if default not in ("", "required"):
            assert default == known[key], key


@pytest.mark.parametrize("name", registry.channel_names())
def test_every_key_of_a_channel_is_documented(name: str) -> None:
    channel = registry.load_channel(name)
    written = {"False": "false", "True": "true", "()": ""}
    defaults = {f.name: str(f.default) for f in fields(channel) if not f.name.startswith("_")}  # type: ignore[arg-type]
    known = {config_key(name): written.get(default, default) for name, default in defaults.items()}
    shown = documented_keys()[f"channels.{name}"]
    assert shown.pop("enabled") == "true"
    assert shown == known


def test_every_template_is_listed() -> None:
    section = README.split("Templates: a file in")[1].split("\n## ")[0]
    named = set(re.findall(r"`([\w-]+\.(?:html|css))`", section))
    assert named == {path.name for path in (ROOT / "templates").iterdir() if path.suffix in (".html", ".css")}


def test_the_channel_of_the_readme_works() -> None:
    code = block("python")[0]
    module = types.ModuleType("readme")
    exec(compile(code, "README.md", "exec", dont_inherit=True), module.__dict__)
    channel = module.__dict__["Titles"]()
    assert isinstance(channel, Channel)
    newsletter = Newsletter("周刊", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:w")
    rendering = channel.render(
        parse_issue("## 论文\n\n- [甲](https://e.org)\n- 乙", "2021-07-18.md"),
        Context(newsletter, Theme.load(None)),
    )
    assert [part.body.decode() for part in rendering.parts] == ["甲 https://e.org\n乙 "]
    check_channel(channel)


def test_the_sample_issue_of_the_readme_parses() -> None:
    issue = parse_issue(block("markdown")[0])
    assert issue.diagnostics == ()
    assert issue.title
    assert issue.title.headline == ("第一个话题", "第二个话题")
    assert issue.guide
    assert issue.guide.count == 2
    assert [brief.subject for brief in issue.briefs] == ["高通"]
    (item,) = transforms.make_publishable(issue).items
    assert item.tags == ("CVPR2021", "2104.11487")
    assert [field.kind for field in item.fields] == ["paper", "summary"]


def test_contributing_lists_every_package() -> None:
    shown = re.findall(
        r"`((?:publisher|channels)/\w*/?(?:\w+\.py)?)`",
        CONTRIBUTING.split("## Rooms")[1].split("## Glossary")[0],
    )
    there = {
        f"publisher/{path.name}"
        for path in (ROOT / "publisher").glob("*.py")
        if not path.name.startswith("__")
    }
    there |= {f"publisher/{path.parent.name}/" for path in (ROOT / "publisher").glob("*/__init__.py")} | {
        "channels/"
    }
    assert set(shown) == there


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "deploy/README.md", "tests/README.md"])
def test_every_link_has_a_target(page: str) -> None:
    """GitHub builds anchors from the words of a heading: lower case, no punctuation, joined by hyphens."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", text):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), path
        if anchor:
            headings = re.findall(r"^#+ (.+)", target.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
