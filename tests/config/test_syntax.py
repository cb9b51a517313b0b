"""Lines that are not valid TOML: where, and what to write instead. Most often a quote is missing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from publisher.errors import ConfigError
from publisher.toml import TomlDocument
from publisher.toml_mistakes import suggest_correction

LIST = "write each entry in quotes, with a comma between, and ] at the end"
KEY = "expected '=' after a key in a key/value pair"
CONFLICT = "keep one version and remove the lines <<<<<<<, ======= and >>>>>>>"
SPACES = "one of its spaces is another character that looks so, type them again"
LINES = [
    # no quotes
    ("name = Harbour Notes", '1:8: invalid value · quote it: name = "Harbour Notes"'),
    ("lang = en  # English", '1:8: invalid value · quote it: lang = "en"'),
    ("url = https://e.org/#{date}", '1:7: invalid value · quote it: url = "https://e.org/#{date}"'),
    ("from = Lin <lin@e.org>", '1:8: invalid value · quote it: from = "Lin <lin@e.org>"'),
    ("at = 09:45", '1:7: expected newline or end of document after a statement · quote it: at = "09:45"'),
    ("at = 9:45", '1:7: expected newline or end of document after a statement · quote it: at = "09:45"'),
    ("cron = 45 9 * * sun", '1:11: expected newline or end of document after a statement · quote it: '
                            'cron = "45 9 * * sun"'),
    ("token = env:TOKEN", '1:9: invalid value · quote it: token = "env:TOKEN"'),
    # one quote, or others
    ('name = "Harbour', '1:16: unterminated string · quote it: name = "Harbour"'),
    ('name = Harbour"', '1:8: invalid value · quote it: name = "Harbour"'),
    ("name = “Harbour”", '1:8: invalid value · quote it: name = "Harbour"'),
    ("name = 「港」", '1:8: invalid value · quote it: name = "港"'),
    ('name = "it"s"', "1:12: expected newline or end of document after a statement · quote it: name = 'it\"s'"),
    ("name = 'it's'", '1:12: expected newline or end of document after a statement · quote it: name = "it\'s"'),
    ('path = "C:\\Users\\lin"', "1:13: invalid hex value · quote it: path = 'C:\\Users\\lin'"),
    # true and false
    ("enabled = yes", "1:11: invalid value · write it as: enabled = true"),
    ("enabled = Off", "1:11: invalid value · write it as: enabled = false"),
    # numbers
    ("topic = 07", "1:10: expected newline or end of document after a statement · write it as: topic = 7"),
    ("catch_up = 1,5", "1:13: expected newline or end of document after a statement · write it as: catch_up = 1.5"),
    # lists
    ("contacts = [a, b]", f'1:13: invalid value · {LIST}: contacts = ["…", "…"]'),
    ('contacts = [\n  "a"\n  "b"\n]', f'3:3: unclosed array · {LIST}: ["…", "…"]'),
    # what other languages, programs and encodings leave
    ('name = "N";', "1:11: expected newline or end of document after a statement · remove the ; at its end"),
    ('name = "N",', "1:11: expected newline or end of document after a statement · remove the , at its end"),
    ('token = "env:T",', "1:16: expected newline or end of document after a statement · remove the , at its end"),
    ("<<<<<<< HEAD\na = 1", f"1:1: invalid statement · {CONFLICT}"),
    ("a = 1\n=======\n", f"2:1: invalid statement · {CONFLICT}"),
    ('name\u00a0= "N"', f"1:5: {KEY} · {SPACES}"),
    ('\u200bname = "N"', f"1:1: invalid statement · {SPACES}"),
    ('name =\u3000"N"', f"1:7: invalid value · {SPACES}"),
    ('n\0a\0m\0e\0', f"1:2: {KEY} · save the file as UTF-8"),
    ("[\0a\0]\0", "1:2: invalid initial character for a key part · save the file as UTF-8"),
    # keys, tables and comments
    ("name: Harbour", f"1:5: {KEY} · quote it: name = \"Harbour\""),
    ('name: "Harbour"', f"1:5: {KEY} · write it as: name = \"Harbour\""),
    ("name =", '1:7: invalid value · write the value: name = "…"'),
    ("name", f"1:5: {KEY} · write the value: name = \"…\""),
    ("my name = 3", f"1:4: {KEY} · a key is one word without spaces, as in name = …"),
    ("“name” = 3", "1:1: invalid statement · write the key without these quotes: name = …"),
    ("[newsletter", "1:12: expected ']' at the end of a table declaration · write [newsletter]"),
    ("[channels telegram]", "1:11: expected ']' at the end of a table declaration · write [channels.telegram]"),
    ("[a] b = 1", "1:5: expected newline or end of document after a statement · write [a] on its own line and its keys "
                  "below it"),
    ("; note", "1:1: invalid statement · a comment begins with #"),
    ("width = 72 // note", "1:12: expected newline or end of document after a statement · a comment begins with #"),
    ("[a]\nb = 1\n[c]\n[a]", "4:3: there are two tables [a] · join them into one"),
    ("b = 1\n[a]\nb = 1\n  b = 2\nc = 3", "4:3: b is set twice · remove one of the two lines"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), LINES, ids=[text for text, _ in LINES])
def test_a_syntax_error(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        TomlDocument(path)
    assert f"{caught.value.message} · {caught.value.hint}" == f"publisher.toml:{said}"
    if (line := caught.value.hint.partition(": ")[2]) and "…" not in line:
        tomllib.loads(line)


@pytest.mark.parametrize("key", ["token", "secret", "password", "dkim_key", "postgres", "on_failure"])
@pytest.mark.parametrize("value", ["hunter2!x", '"hunter2!x', "“hunter2!x”", "hunter2!x # note"])
def test_a_secret_without_quotes_is_not_repeated(key: str, value: str) -> None:
    assert suggest_correction(f"{key} = {value}", "Invalid value") == f'quote it: {key} = "…"'


def test_a_number_where_a_text_belongs(tmp_path: Path) -> None:
    from tests.config.channels import TOP, load

    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"{TOP}[channels.plain]\nsubject = -1001234")
    assert caught.value.hint == 'write it in quotes: subject = "-1001234"'
