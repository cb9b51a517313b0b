"""What the pages list is what there is: keys, commands, codes, exit codes, variables, templates."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher import credentials, errors, registry
from publisher.channels.web import overview
from publisher.checks.codes import CODES, Severity
from publisher.cli import main
from publisher.cli.config import format_value
from publisher.cli.parser import COMMANDS
from publisher.keys import Key, describe_tables
from publisher.newsletter import Newsletter
from publisher.server.page_views import PageView
from publisher.theme import Theme, _build_filters
from tests.docs.pages import BOUNCES, CHANNELS, LIST, PAGES, PUBLISHER, ROOT, TEMPLATES, UPLOAD, Page, in_backticks

# What the systems that run publisher or its tests set, and the libraries that it uses read.
NOT_READ_HERE = {"HTTPS_PROXY"}
NOT_FOR_USERS = {"PTB_TIMEDELTA", "PUBLISHER_FAILPOINT"}


def test_help_is_printed_as_shown(publish, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """`--accept` writes the help into the page instead."""
    shown = PUBLISHER.text.split("<!-- help -->")[1].split("```")[1].removeprefix("text\n")
    printed = publish("--help", folder=tmp_path, env={"COLUMNS": "100"})
    if request.config.getoption("--accept"):
        (ROOT / PUBLISHER.path).write_text(PUBLISHER.text.replace(shown, printed), "utf-8")
        return
    assert printed == shown


# ------------------------------------------------------------------- publisher.toml


def described_keys(table: str) -> dict[str, tuple[str, str]]:
    """The keys of a table: description and default as the pages write them."""
    names = [table.removeprefix("channels.")] if table.startswith("channels.") else []
    (found,) = (found for found in describe_tables(registry.load_channel, names) if found.name == table)

    def write(key: Key) -> str:
        if key.required:
            return "required"
        return "" if key.default in (None, "", []) else format_value(key.default).strip('"')

    return {key.name: (key.description, write(key)) for key in found.keys}


def rows_of(page: Page, heading: str, table: str = "") -> dict[str, dict[str, tuple[str, str]]]:
    """The rows below a heading: table to key to meaning and default, without links. Rows before the first are of
    `table`."""
    tables: dict[str, dict[str, tuple[str, str]]] = {}
    for name, meaning, default in page.rows(heading):
        if found := re.match(r"\*\*\[(.+?)\]\*\*", name):
            table = found[1]
        else:
            text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", meaning)
            (key,) = in_backticks(name)
            tables.setdefault(table, {})[key] = (text, default.strip("`"))
    return tables


def documented_tables() -> dict[str, dict[str, tuple[str, str]]]:
    return (
        rows_of(PUBLISHER, "publisher.toml")
        | rows_of(LIST, "Keys")
        | rows_of(BOUNCES, "Keys")
        | rows_of(UPLOAD, "Keys")
    )


def test_every_table_is_documented() -> None:
    names = {found.name for found in describe_tables(registry.load_channel, [])}
    assert set(documented_tables()) == {*names, "channels.NAME"}


@pytest.mark.parametrize(
    "table", ["newsletter", "schedule", "ledger", "subscribers", "bounces", "publish", "server", "preview", "checks"]
)
def test_every_key_is_documented_as_it_is_described(table: str) -> None:
    assert documented_tables()[table] == described_keys(table)


@pytest.mark.parametrize("name", registry.channel_names())
def test_every_key_of_a_channel_is_documented_as_it_is_described(name: str) -> None:
    (heading,) = (heading for heading in CHANNELS.headings if heading.lower() == name)
    own, common = rows_of(CHANNELS, heading, name).get(name, {}), rows_of(PUBLISHER, "publisher.toml")["channels.NAME"]
    assert own | common == described_keys(f"channels.{name}")


def test_every_kind_of_reference_is_documented() -> None:
    shown = {in_backticks(kind)[0].strip('"').partition(":")[0] for kind, _ in PUBLISHER.rows("Secrets")}
    assert shown == set(credentials._SOURCES)


# ------------------------------------------------------------------------ commands


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_explained(command: str) -> None:
    """Beyond its line in the help."""
    assert any(f"publish {command}" in code for page in PAGES.values() for code in page.words_of_code)


def subclasses(kind: type) -> Iterator[type]:
    yield kind
    for one in kind.__subclasses__():
        yield from subclasses(one)


def test_every_exit_code_is_documented() -> None:
    shown = [int(code) for code, *_ in PUBLISHER.rows("Exit codes")]
    raised = {kind.exit_code for kind in subclasses(errors.PublisherError)}
    assert set(shown) == {0, main.INTERNAL, main.INTERRUPTED} | raised
    assert shown == sorted(set(shown))


def variables_read() -> set[str]:
    """The environment variables that the code names: the strings in capitals where os.environ is used."""
    names = set()
    for folder in ("publisher", "channels"):
        for file in (ROOT / folder).rglob("*.py"):
            source = file.read_text("utf-8")
            if "os.environ" in source:
                strings = [
                    node.value
                    for node in ast.walk(ast.parse(source))
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                ]
                names |= {text for text in strings if re.fullmatch(r"[A-Z][A-Z_]{3,}", text)}
    return names


def test_every_environment_variable_is_documented() -> None:
    shown = {name for cell, _ in PUBLISHER.rows("Environment variables") for name in in_backticks(cell)}
    assert shown - NOT_READ_HERE == variables_read() - NOT_FOR_USERS - {"TERM"}
    assert "`TERM=dumb`" in PUBLISHER.section("Environment variables")


def test_every_check_is_documented_with_its_severity() -> None:
    bullets = re.findall(r"^- \*\*(\w+)\*\*: (.+?)(?=^-|\Z)", PUBLISHER.section("Codes"), re.MULTILINE | re.DOTALL)
    severities = {"Errors": Severity.ERROR, "Warnings": Severity.WARNING, "Notes": Severity.INFO}
    shown = {code: severities[name] for name, codes in bullets for code in in_backticks(codes)}
    assert shown == {code: kind.severity for code, kind in CODES.items()}
    marked = set(re.findall(r"`([\w-]+)`¹", PUBLISHER.section("Codes")))
    assert marked == {code for code, kind in CODES.items() if "--fix" in kind.explanation}


def test_every_file_of_the_state_is_documented() -> None:
    """The module docstring of `home` is the list for developers."""
    from publisher.archive import home

    listed = re.findall(r"^([\w.]+/?)  ", inspect.getdoc(home) or "", re.MULTILINE)
    shown = [in_backticks(name)[0] for name, _ in PUBLISHER.rows("What it stores")]
    assert sorted(shown) == sorted(listed)


# ----------------------------------------------------------------------- templates


def test_every_template_is_listed() -> None:
    shown = {name for cell, _ in list(TEMPLATES.rows("Templates"))[:14] for name in in_backticks(cell)}
    there = {path.name for path in (ROOT / "templates").iterdir() if path.suffix not in (".py", ".pyc", "")}
    assert shown == there - {"README.md"}


def test_every_variable_of_a_template_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that a run passes to each template."""
    passed: dict[str, set[str]] = {}
    render = Theme.render

    def spy(self: Theme, name: str, **values: object) -> str:
        passed[name] = set(values)
        return render(self, name, **values)

    monkeypatch.setattr(Theme, "render", spy)
    monkeypatch.chdir(tmp_path)
    assert main.main(["init", "--lang", "zh"]) == 0
    first = next(tmp_path.glob("issues/*.md"))
    first.write_text(f"---\naliases: [/old/, /slow-craft/old/]\n---\n{first.read_text('utf-8')}", "utf-8")
    (tmp_path / "issues" / "2001-01-07.md").write_text("# 旧刊 (2001-01-07)：旧\n\n- [题](https://e.org/)\n", "utf-8")
    monkeypatch.setattr(overview, "_MAX_KEPT_ENTRIES", 0)
    monkeypatch.setattr(overview, "_MAX_ENTRIES", 0)  # or the year 2001 would have no page of its own
    assert main.main(["--json"]) == 0
    shown: dict[str, set[str]] = {}
    for cell, names in TEMPLATES.rows("Variables"):
        if cell == "every page" or cell.endswith(".html`"):
            outside = re.sub(r"\([^()]*\)", "", re.sub(r"`(\w+)\(\w+\)`", r"`\1`", names))
            shown[cell.strip("`")] = set(in_backticks(outside))
    pages = shown.pop("every page")
    view = PageView(
        Newsletter("慢刊", "https://e.org/{date}/", "https://e.org/", "tag:e.org,2021:slow"), Theme.load(), ""
    )
    view.render("")
    assert passed.pop("subscriber.html") - pages == shown.pop("subscriber.html")
    alone = ("-preview.html", "moved.html")
    expected = {name: names if name.endswith(alone) else pages | names for name, names in shown.items()}
    assert expected | {"subscribe.html": pages} == passed


def test_every_filter_is_listed() -> None:
    cells = [cell for cell, _ in TEMPLATES.rows("Variables")]
    shown = {name for cell in cells for name in in_backticks(cell) if "." not in name}
    assert shown == set(_build_filters())
