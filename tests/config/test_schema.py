"""The JSON Schema of publisher.toml accepts what the program accepts, and refuses what it refuses."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from publisher import config, registry
from publisher.cli.main import main
from publisher.errors import ConfigError
from tests.config.test_every_key import KEYS, TYPES, VALUES, Reference
from tests.config.test_newsletter_mistakes import CHANGED
from tests.docs.pages import SAMPLES

if TYPE_CHECKING:
    import jsonschema

ROOT = Path(__file__).parents[2]
NEWSLETTER = '[newsletter]\nname = "Harbour"\nurl = "https://e.org/{date}/"\nid = "tag:e.org,2021:harbour"\n'


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    from publisher.keys import build_json_schema, describe_tables

    return build_json_schema(describe_tables(registry.load_channel, registry.channel_names()))


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> jsonschema.Draft7Validator:
    import jsonschema  # only now: this takes seconds, and each worker imports this file

    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def accepts(folder: Path, text: str) -> bool:
    """Whether the program accepts a file."""
    (folder / "publisher.toml").write_text(text, "utf-8")
    try:
        config.load_config(folder / "publisher.toml", registry.load_channel)
    except ConfigError:
        return False
    return True


def find_texts() -> Iterator[str]:
    """Every publisher.toml in the tests and the pages, valid or not."""
    for path in ROOT.glob("tests/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "[newsletter]\n" in node.value:
                yield node.value
    for path in ROOT.glob("tests/**/*.toml"):
        yield path.read_text("utf-8")
    for sample in SAMPLES:
        if sample.language == "toml":
            yield sample.text if "[newsletter]" in sample.text else NEWSLETTER + sample.text


def test_every_file_of_the_tests_is_judged_as_the_program_judges_it(
    validator: jsonschema.Draft7Validator, tmp_path: Path
) -> None:
    accepted = 0
    for text in dict.fromkeys(find_texts()):
        if accepts(tmp_path, text):
            validator.validate(tomllib.loads(text))
            accepted += 1
    assert accepted > 10


def test_what_publish_init_writes_is_accepted(
    validator: jsonschema.Draft7Validator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    text = (tmp_path / "publisher.toml").read_text("utf-8")
    validator.validate(tomllib.loads(text))
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    validator.validate(tomllib.loads(uncommented))


@pytest.mark.parametrize(("table", "key", "kind"), KEYS, ids=[f"{table}.{key}" for table, key, _ in KEYS])
def test_a_wrong_type_is_refused(
    validator: jsonschema.Draft7Validator, tmp_path: Path, table: str, key: str, kind: type
) -> None:
    own = set[str]() if kind is Reference else TYPES[kind][1]
    for value in VALUES.keys() - own:
        document = tomllib.loads(NEWSLETTER)
        place = document
        for part in table.split("."):
            place = place.setdefault(part, {})
        place[key] = tomllib.loads(f"x = {value}")["x"]
        assert [*validator.iter_errors(document)], f"{table}.{key} = {value}"


WRONG = [
    "[newsleter]\n",
    'licence = "MIT"',
    "[channels.telegram]\nchats = 1",
    "[channels.telegramm]\n",
    '[channels.telegram]\ndetail = "all"',
    '[channels.telegram]\nchat = "my channel"',
    '[channels.telegram]\ntoken = "123456:secret"',
    '[channels.email]\nwrap = "soft"',
    "[channels.email]\nwidth = 20",
    "[channels.email]\nconnections = 0",
    '[channels.email]\nuncertain = "never"',
    '[channels.email]\nserver = "mail.e.org"',
    '[channels.email]\nunsubscribe = "http://e.org"',
    '[channels.wechat]\nlinks = "none"',
    "[channels.wechat]\ntitle_limit = 80",
    "[channels.rss]\nentries = 101",
    '[channels.rss]\nat = "noon"',
    '[channels.rss]\nsend = "no"',
    '[schedule]\nat = "9:45"',
    '[schedule]\ncron = "9:45 sundays"',
    "[schedule]\ncatch_up = 0",
    '[server]\nlisten = "8080"',
    '[checks]\nignore = ["gide-count"]',
    '[checks]\nerror = "guide-count"',
    'email = "editor"',
    'license = "CC BY-SA"',
    'lang = "Chinese (Simplified)"',
]


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_is_refused_by_both(validator: jsonschema.Draft7Validator, tmp_path: Path, text: str) -> None:
    assert not accepts(tmp_path, NEWSLETTER + text)
    assert [*validator.iter_errors(tomllib.loads(NEWSLETTER + text))]


@pytest.mark.parametrize("missing", ["name", "url", "id"])
def test_a_missing_key_is_refused(validator: jsonschema.Draft7Validator, missing: str) -> None:
    document = tomllib.loads(NEWSLETTER)
    del document["newsletter"][missing]
    (error,) = validator.iter_errors(document)
    assert error.message == f"'{missing}' is a required property"
    assert [*validator.iter_errors({})]


def test_every_file_that_it_refuses_is_refused_by_the_program(
    validator: jsonschema.Draft7Validator, tmp_path: Path
) -> None:
    """So no editor marks what works."""
    refused = 0
    for old, new, *_ in CHANGED:
        text = NEWSLETTER.replace("Harbour", "慢工").replace("https://e.org/", "https://example.org/slow/")
        text = text.replace("e.org,2021:harbour", "example.org,2021:slow").replace(old, new)
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        if [*validator.iter_errors(document)]:
            refused += 1
            assert not accepts(tmp_path, text), text
    assert refused > 5


def table_schema(schema: dict[str, Any], table: str) -> dict[str, Any]:
    for part in table.split("."):
        schema = schema["properties"][part]
    return schema


TABLES = ["newsletter", "schedule", "ledger", "server", "checks", *(f"channels.{n}" for n in registry.channel_names())]


@pytest.mark.parametrize("table", TABLES)
def test_it_has_every_key_that_the_program_reads(
    schema: dict[str, Any], validator: jsonschema.Draft7Validator, tmp_path: Path, table: str
) -> None:
    """As the message about an unknown key lists them."""
    text = f"{NEWSLETTER}[{table}]\nzzzzzz = 1\n" if table != "newsletter" else f"{NEWSLETTER}zzzzzz = 1\n"
    (tmp_path / "publisher.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load_config(tmp_path / "publisher.toml", registry.load_channel)
    known = table_schema(schema, table)
    assert set(known["properties"]) == set(caught.value.hint.removeprefix("known here: ").split(", "))
    assert known["description"]
    for key, about in known["properties"].items():
        assert about["description"], key
        assert "type" in about or "anyOf" in about or "enum" in about, key
        is_reference = "keyring" in about.get("pattern", "")  # which has no default: it is there or it is not
        assert ("default" in about) == (key not in known.get("required", ()) and not is_reference), key
        if "default" in about:
            validator.evolve(schema=about).validate(about["default"])
        for example in about.get("examples", ()):
            validator.evolve(schema=about).validate(example)


def test_the_command_prints_it(
    schema: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also outside of a newsletter, and where publisher.toml has mistakes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "publisher.toml").write_text("x")
    assert main(["config", "--json-schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema
