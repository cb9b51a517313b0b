"""`publish config`: every key, its value and its default, as a file that means the same."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher import config, registry
from tests.cli.conftest import SETTINGS, Command

FULL = f"""{SETTINGS}lang = "en"
contacts = ["Line \\"one\\"", "二"]
[schedule]
at = "09:45"
catch_up = 7.5
on_failure = "env:HOOK"
[checks]
ignore = ["repeat-repo"]
error = ["guide-count"]
[server]
listen = "127.0.0.1:8080"
[channels]
rss = {{ entries = 5 }}
[channels.telegram]
token = "env:TELEGRAM_TOKEN"
send = false
[channels.email]
from = "A <a@e.org>"
recipients = ["a@e.org"]
server = "smtp://127.0.0.1:25"
"""


@pytest.mark.parametrize("text", [SETTINGS, FULL])
def test_the_output_means_the_same_as_the_file(letter: Path, run: Command, text: str) -> None:
    path = letter / "publisher.toml"
    path.write_text(text, "utf-8")
    before = config.load_config(path, registry.load_channel)
    said = run("config")
    assert (said.code, said.err) == (0, "")
    path.write_text(said.out, "utf-8")
    after = config.load_config(path, registry.load_channel)
    assert replace(after, digest="") == replace(before, digest="")


def test_every_key_can_be_uncommented(letter: Path, run: Command) -> None:
    """Its line has the default or an example, and nothing else."""
    lines = run("config").out.splitlines()
    uncommented = [line.removeprefix("# ") for line in lines if " = " in line and "; " not in line]
    uncommented = [line for line in uncommented if line.partition(" = ")[0].replace("_", "").isalpha()]
    headers = [line.removeprefix("# ") for line in lines if line.removeprefix("# ").startswith("[")]
    assert len(uncommented) > 60
    assert headers[:2] == ["[newsletter]", "[schedule]"]
    for line in uncommented:
        tomllib.loads(line)


def test_a_value_that_is_set_has_its_default_above(letter: Path, run: Command) -> None:
    (letter / "publisher.toml").write_text(FULL, "utf-8")
    assert run("config", "channels.rss.entries").out.splitlines()[-2:] == [
        "# Number of issues in the feeds, at most 100, and as many as fit into 500 kB; default: 20",
        "entries = 5",
    ]
    assert run("config", "schedule.at").out.splitlines()[-1] == '# at = "09:45"'


def test_no_secret_is_shown(letter: Path, run: Command) -> None:
    """A webhook may contain one; where a reference leads is no secret."""
    hook = "https://hooks.e.org/T1/B2/Xyz987"
    (letter / "publisher.toml").write_text(
        f'{SETTINGS}[schedule]\non_failure = "{hook}"\n[ledger]\npostgres = "env:DB"'
    )
    shown = run("config").out
    assert "Xyz987" not in shown + run("config", "--json").out
    assert '# on_failure = "[secret]"' in shown
    assert 'postgres = "env:DB"' in shown


def test_outside_of_a_newsletter_everything_is_a_comment(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("config")
    assert said.code == 0
    assert "there is no publisher.toml" in said.err or "no publisher.toml" in said.err
    assert all(line.startswith("#") or not line for line in said.out.splitlines())


def test_one_table(letter: Path, run: Command) -> None:
    shown = run("config", "checks").out
    assert shown.startswith("# Which problems of issues are reported, and which of them are errors\n# [checks]\n")
    assert "[server]" not in shown


def test_a_mistyped_key(letter: Path, run: Command) -> None:
    said = run("config", "channels.email.widht")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: there is no table or key channels.email.widht · did you mean channels.email.width?\n"


def test_a_file_with_mistakes_is_not_shown(letter: Path, run: Command) -> None:
    (letter / "publisher.toml").write_text(f"{SETTINGS}licence = 1\n")
    said = run("config")
    assert (said.code, said.out) == (2, "")
    assert "unknown key licence" in said.err


def test_json(letter: Path, run: Command) -> None:
    (letter / "publisher.toml").write_text(FULL, "utf-8")
    keys = {(entry["table"], entry["key"]): entry for entry in json.loads(run("config", "--json").out)["keys"]}
    assert keys["channels.rss", "entries"] == {
        "table": "channels.rss",
        "key": "entries",
        "description": "number of issues in the feeds, at most 100, and as many as fit into 500 kB",
        "value": 5,
        "default": 20,
    }
    assert keys["newsletter", "site"]["value"] is None
