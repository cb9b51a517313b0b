"""Every sample of the pages works: code, settings, issues, shell scripts and command lines."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest
import yaml

from publisher import registry, transforms
from publisher.channel import Channel, Context
from publisher.cli.parser import COMMANDS, parse_arguments
from publisher.config import load_config
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.testing import check_channel
from publisher.theme import Theme
from tests.docs.pages import CHANNELS, CHINESE_README, PAGES, README, ROOT, SAMPLES, SETTINGS, Page, Sample

LANGUAGES = {"", "console", "markdown", "python", "sh", "text", "toml", "yaml"}


def samples(*languages: str) -> pytest.MarkDecorator:
    chosen = [sample for sample in SAMPLES if sample.language in languages]
    assert chosen
    return pytest.mark.parametrize("sample", chosen, ids=str)


each_page = pytest.mark.parametrize(
    "page", [page for page in PAGES.values() if page.path != "CHANGELOG.md"], ids=lambda page: page.path
)
"""The changelog names what there was, too."""


def test_every_sample_has_a_test() -> None:
    assert {sample.language for sample in SAMPLES} <= LANGUAGES


# ------------------------------------------------------------------- command lines


PLACEHOLDERS = {"ISSUE": "2021-07-18", "SECONDS": "7"}
"""Placeholders of the pages that are not valid as they are, and what they stand for."""


def split_command(line: str) -> list[str]:
    """The arguments of a command line of `publish`, without a comment or what comes after a redirection."""
    words = shlex.split(re.split(r" [>#|] ?", line)[0])[1:]
    return [PLACEHOLDERS.get(word, word) for word in words]


@each_page
def test_every_command_line_is_valid(page: Page) -> None:
    """Also those in prose. The bare name of a command, such as `publish resolve`, needs no arguments."""
    for line in page.command_lines:
        words = split_command(line) if re.match(r"publish( (?!=)|$)", line) else []
        if words and words != ["COMMAND", "--help"] and not (len(words) == 1 and words[0] in COMMANDS):
            parse_arguments(words)


@samples("sh")
def test_a_shell_script_is_valid(sample: Sample) -> None:
    done = subprocess.run(["bash", "-n"], input=sample.text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_installation_installs_the_command() -> None:
    """What it runs is tested in test_packaging; here, that it names what there is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"`{project['name']}`" in README.section("Install")
    assert f"`{project['name']}`" in CHINESE_README.section("安装")
    assert list(project["scripts"]) == ["publish"]
    for page in PAGES.values():
        for extra in re.findall(rf"{project['name']}\[(\w+)\]", page.text):
            assert extra in project["optional-dependencies"], f"{page.path}: {extra}"


@pytest.mark.parametrize("page", [README, CHINESE_README], ids=lambda page: page.path)
def test_the_two_commands_come_first(page: Page) -> None:
    assert [re.match(r"\w+ \w+", line)[0] for line in page.samples[0].commands] == ["make demo", "make test"]  # type: ignore[index]


@each_page
def test_every_target_of_make_exists(page: Page) -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {line.split()[1] for line in page.command_lines if line.startswith("make ")} <= set(targets)


@each_page
def test_every_file_named_exists(page: Page) -> None:
    """Paths of this repository in backticks, from the root, below publisher/ or beside the page."""
    suffixes = "py|md|toml|html|css|yml|service|timer"
    for code in page.words_of_code:
        if re.fullmatch(rf"(?:[\w.-]+/)+[\w.-]+\.(?:{suffixes})", code) and not re.search(
            r"^(public|outbox|issues|img|\.github|\.publisher)/|NAME|^templates/issue\.html", code
        ):
            places = (ROOT, ROOT / "publisher", (ROOT / page.path).parent)
            assert any((place / code).exists() for place in places), f"{page.path}: {code}"


# ------------------------------------------------------------------------ settings


@samples("toml")
def test_settings_are_accepted(sample: Sample, tmp_path: Path) -> None:
    """Whole tables, the keys of one channel below its heading, or a pyproject.toml."""
    values = tomllib.loads(sample.text)
    if "project" in values:
        assert values["project"]["entry-points"]["publisher.channels"] == {"titles": "my_package:Titles"}
        return
    before = PAGES[sample.page].text.split(sample.text)[0]
    channel = re.findall(r"^## (\w+)", before, re.MULTILINE)[-1].lower()
    head = "" if sample.text.startswith("[") else f"[channels.{channel}]\n"
    (tmp_path / "publisher.toml").write_text(f"{SETTINGS}{head}{sample.text}", "utf-8")
    load_config(tmp_path / "publisher.toml", registry.load_channel)


@samples("yaml")
def test_yaml_names_the_hooks_there_are(sample: Sample) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (repository,) = yaml.safe_load(sample.text)
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in hooks}


# -------------------------------------------------------------------------- issues


@samples("markdown")
def test_a_sample_issue_has_no_problems(sample: Sample) -> None:
    issue = parse_issue(sample.text)
    assert issue.diagnostics == ()
    assert issue.title
    assert issue.title.regular
    assert issue.guide
    assert list(issue.items)


@pytest.mark.parametrize(("page", "source"), [(README, "Harbour Office"), (CHINESE_README, "港务处")])
def test_the_sample_issues_show_what_the_reader_knows(page: Page, source: str) -> None:
    chinese, short = map(parse_issue, page.texts("markdown"))
    assert chinese.title
    assert chinese.title.headline == ("第一个话题", "第二个话题")
    assert chinese.guide
    assert chinese.guide.count == 2
    assert [brief.subject for brief in chinese.briefs] == ["高通"]
    (item,) = transforms.make_publishable(chinese).items
    assert item.tags == ("CVPR2021", "2104.11487")
    assert [field.kind for field in item.fields] == ["paper", "summary"]
    (item,) = short.items
    assert (item.source, item.url) == (source, "https://example.org/boats")


# ---------------------------------------------------------------------------- code


@samples("python")
def test_code_is_in_our_style(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(sample.text, "utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ruff = [sys.executable, "-m", "ruff", "check", "--quiet", "--ignore", "D1", "--ignore", "ARG", "."]
    done = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_sample_channel_works() -> None:
    (code,) = CHANNELS.texts("python")
    module = types.ModuleType("sample")
    exec(compile(code, CHANNELS.path, "exec", dont_inherit=True), module.__dict__)
    channel = module.__dict__["Titles"]()
    assert isinstance(channel, Channel)
    newsletter = Newsletter("周刊", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:w")
    rendering = channel.render(
        parse_issue("## 论文\n\n- [甲](https://e.org)\n- 乙", "2021-07-18.md"), Context(newsletter, Theme.load(None))
    )
    assert [part.body.decode() for part in rendering.parts] == ["甲 https://e.org\n乙 "]
    check_channel(channel)
