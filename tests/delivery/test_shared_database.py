"""Several newsletters whose ledger is one database server."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.channels.web import Web
from publisher.config import Config
from publisher.errors import ConfigError
from tests.support.fake_channel import Post
from tests.support.newsletter import Project
from tests.support.postgres import Postgres


class Edition(Project):
    """A newsletter with a page in a language, and a ledger in the database."""

    def __init__(self, root: Path, language: str, id_: str) -> None:
        super().__init__(root / language)
        self.channels = (Web(), Post(self.world, destination=f"@{language}"))
        url = f"https://e.org/{{date}}/{language}/"
        self.newsletter = replace(self.newsletter, url=url, id=id_)
        self.write("2021-07-18", "一")

    @property
    def config(self) -> Config:
        from publisher.credentials import Reference

        return replace(super().config, ledger=Reference("env:LEDGER"))


@pytest.fixture(autouse=True)
def database(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER", postgres.address())


def test_newsletters_of_one_host_are_two(tmp_path: Path) -> None:
    editions = [Edition(tmp_path, language, f"tag:e.org,2021:{language}") for language in ("zh", "en")]
    for edition in editions * 2:
        assert edition.publish().exit_code == 0
        assert edition.sent == ["一"]
    editions[0].newsletter = replace(editions[0].newsletter, id="tag:e.org,2022:zh")
    with pytest.raises(ConfigError, match=r'published with "tag:e\.org,2021:zh"'):
        editions[0].publish(channels=("web",))
    for edition in editions:
        edition.publish(accept_new_id=True)
        assert edition.sent == ["一"]


@pytest.mark.parametrize(("first", "second"), [("n", "n/en"), ("n/en", "n")])
def test_issues_that_could_be_of_either_are_refused(tmp_path: Path, first: str, second: str) -> None:
    zh, en = (Edition(tmp_path, language, id_) for language, id_ in (("zh", first), ("en", second)))
    zh.publish()
    with pytest.raises(ConfigError, match=f'"{second}", and another newsletter in this database has "{first}"'):
        en.publish()
    assert en.sent == []
    en.newsletter = replace(en.newsletter, id="other")
    en.publish()
    en.newsletter = replace(en.newsletter, id=second)
    with pytest.raises(ConfigError, match="would be mixed up"):
        en.publish(accept_new_id=True)
    en.newsletter = replace(en.newsletter, id="other/en")
    en.publish(accept_new_id=True)
    assert en.sent == ["一"]
