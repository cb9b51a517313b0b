"""templates/publisher.toml explains every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from publisher import registry, templates
from publisher.bounce_settings import BounceSettings
from publisher.keys import LedgerKeys, PublishKeys
from publisher.newsletter import Newsletter
from publisher.subscriber_settings import SubscriberSettings
from publisher.timetable import Schedule
from publisher.toml import list_keys
from tests.scaffold.conftest import load

TEMPLATE = (Path(templates.__path__[0]) / "publisher.toml").read_text("utf-8")


def test_the_template_names_every_key() -> None:
    """A key that is added to a class is to be explained here too; `checks` and `send` are for `publish config`."""
    written = {line.lstrip("# ").partition(" = ")[0] for line in TEMPLATE.splitlines() if " = " in line}
    keys = {*list_keys(Newsletter), "issues", "home", "listen", "proxies", "editor", "enabled"} - {"base"}
    keys |= {
        *list_keys(SubscriberSettings),
        *list_keys(BounceSettings),
        *list_keys(PublishKeys),
        *list_keys(LedgerKeys),
    }
    keys |= set(Schedule._fields) - {"channel_times", "is_set"}
    for name in registry.channel_names():
        keys |= set(list_keys(registry.load_channel(name))) - {"send"}
    assert written == keys


REPLACED = ("to", "recipients", "unsubscribe", "unsubscribe_key")
"""The keys that [subscribers] replaces."""

NEEDS_LIST = ("workers",)
"""The keys that need [subscribers]."""


@pytest.mark.parametrize("has_list", [False, True])
def test_every_commented_key_can_be_enabled(tmp_path: Path, has_list: bool) -> None:
    values = {
        "name": '"a"',
        "tagline": '"b"',
        "issues": '"*.md"',
        "url": '"https://example.org/{date}/"',
        "id": '"tag:example.org,2021:a"',
        "lang": '"en"',
        "timezone": '"UTC"',
    }
    text = re.sub("@(name|tagline|issues|url|id|lang|timezone)@", lambda found: values[found[1]], TEMPLATE)
    settings, _, own_list = text.partition("# [subscribers]")
    lines = [line.removeprefix("# ") if " = " in line else line for line in settings.splitlines()]
    lines = [line for line in lines if line.partition(" = ")[0] not in (REPLACED if has_list else NEEDS_LIST)]
    if has_list:
        lines.append("[subscribers]")
        lines += [line.removeprefix("# ") for line in own_list.splitlines() if " = " in line or "[" in line]
    (tmp_path / "publisher.toml").write_text("\n".join(lines), "utf-8")
    found = load(tmp_path)
    assert found.newsletter.email == "editor@example.org"
    assert bool(found.subscribers) is has_list
    assert found.bounces.has_mailbox is has_list
    assert found.newsletter.license == "CC-BY-SA-4.0"
