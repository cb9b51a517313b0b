"""What `publish doctor` says of where bounces and complaints come from."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from publisher.channel import FindingLevel
from publisher.config import load_config
from publisher.errors import ConfigError, DeliveryError, StorageError
from publisher.registry import load_channel
from publisher.reports.bounces import diagnose_bounces
from publisher.run import RunContext
from publisher.theme import Theme
from tests.bounces.mails import BOUNCES
from tests.support.newsletter import NOON
from tests.support.servers.imap_server import ImapServer

SETTINGS = """\
[newsletter]
name = "Slow"
url = "https://example.org/{date}/"
id = "tag:example.org,2021:slow"

[subscribers]
url = "https://example.org/list"
key = "env:LIST_KEY"
"""


def findings(folder: Path, settings: str = f'bounces = "{BOUNCES}"\n') -> list[str]:
    """What is found, worst first."""
    (folder / "publisher.toml").write_text(SETTINGS + settings, "utf-8")
    config = load_config(folder / "publisher.toml", load_channel)
    with closing(RunContext.open(config, Theme.load(), NOON)) as run:
        found = list(diagnose_bounces(run))
    return [one.message if one.level is FindingLevel.OK else f"{one.level.name}: {one.message}" for one in found]


def test_a_list_whose_bounces_are_not_read(tmp_path: Path) -> None:
    [message] = findings(tmp_path, "")
    assert message.startswith("WARNING: bounces and complaints are not read")


def test_a_pipe_and_webhooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = f'bounces = "{BOUNCES}"\n[bounces]\npostmark = "env:WEBHOOK_SECRET"\nsendgrid = "abc"\n'
    with pytest.raises(ConfigError, match="WEBHOOK_SECRET"):
        findings(tmp_path, table)
    monkeypatch.setenv("WEBHOOK_SECRET", "opensesame")
    assert findings(tmp_path, table) == [
        f"{BOUNCES}: the mail server pipes reports to publish bounces",
        "webhook: https://example.org/list/webhooks/postmark",
        "webhook: https://example.org/list/webhooks/sendgrid",
    ]


def test_a_maildir(tmp_path: Path) -> None:
    table = f'bounces = "{BOUNCES}"\n[bounces]\nmaildir = "mail"\n'
    with pytest.raises(StorageError, match="is not a Maildir"):
        findings(tmp_path, table)
    for name in ("new", "cur", "tmp"):
        (tmp_path / "mail" / name).mkdir(parents=True)
    (tmp_path / "mail" / "new" / "1.a").write_bytes(b"")
    assert findings(tmp_path, table) == ["mail: 1 new email"]


@pytest.mark.parametrize("uidplus", [True, False])
def test_an_imap_mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uidplus: bool) -> None:
    monkeypatch.setenv("BOUNCES_PASSWORD", "opensesame")
    with ImapServer(uidplus=uidplus) as server:
        server.add(b"a letter")
        mailbox = f'imap = "imap://bounces@localhost:{server.port}"\npassword = "env:BOUNCES_PASSWORD"\n'
        table = f'bounces = "{BOUNCES}"\n[bounces]\n{mailbox}'
        [message] = findings(tmp_path, table)
        assert message.startswith("bounces at localhost: can be read")
        assert ("no UIDPLUS" in message) is not uidplus
        assert not any("FETCH" in command for command in server.commands)
        monkeypatch.setenv("BOUNCES_PASSWORD", "wrong")
        with pytest.raises(DeliveryError, match="cannot read bounces"):
            findings(tmp_path, table)
