"""Words that had another name before the first release: the error names the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.cli.main import main

SETTINGS = '[newsletter]\nname = "Tide"\nurl = "https://e.org/{date}/"\nid = "tag:e.org,2021:n"\n'


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("serve",), "serve was renamed · publish daemon"),
        (("--patience", "5"), "--patience was renamed · --max-wait SECONDS"),
        (("retry", "2021-07-18", "--patience=5"), "--patience was renamed · --max-wait SECONDS"),
        (("adopt", "--archive"), "--archive was renamed · publish adopt"),
        (
            ("status", "--url", "wechat", "https://mp.weixin.qq.com/s/AbC"),
            "--url was renamed · publish resolve ISSUE --url CHANNEL URL",
        ),
        (("check", "--url"), "unknown option --url"),
    ],
    ids=" ".join,
)
def test_an_old_word_names_the_new_one(words: tuple[str, ...], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words]) == 2
    assert capsys.readouterr().err.startswith(f"error: {error}")


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ('[schedule]\nrhythm = "45 9 * * sun"\n', "6:1: unknown key rhythm in [schedule] · it was renamed to cron"),
        ('[serve]\nlisten = "127.0.0.1:8080"\n', "5:1: unknown table [serve] · it was renamed to server"),
    ],
)
def test_an_old_key_names_the_new_one(
    table: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "publisher.toml").write_text(SETTINGS + table)
    monkeypatch.chdir(tmp_path)
    assert main(["status"]) == 2
    assert f"publisher.toml:{error}" in capsys.readouterr().err
