"""Issues to write, and what came of them, for the tests of what was already sent."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.reports.doctor import diagnose
from tests.support.fake_channel import Letters, Post
from tests.support.newsletter import DUE, HOUR, Project

DAY = 24 * HOUR


def four_messages(folder: Path) -> Project:
    """A newsletter with pages and feeds that sends each issue to a chat and to three recipients."""
    project = Project(folder, now=DUE)
    project.channels = (Web(), Rss(), Post(project.world), Letters(project.world, count=3))
    return project


def write(
    project: Project, name: str, date: str, items: int = 3, *, head: str = "", edit: str = "", topic: str = "a"
) -> None:
    lines = [f"# 慢刊 ({date})：题", "", "## 新闻", ""]
    lines += [f"- [{topic}{number}](https://host{number % 3}.org/{topic}{number})" for number in range(items)]
    path = project.root / "issues" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}{chr(10).join(lines)}\n{edit}", "utf-8")
    os.utime(path, ns=(1, 1_600_000_000_000_000_001 + zlib.crc32(path.read_bytes())))


def sent(project: Project) -> int:
    return len([call for call in project.world if call.act == "deliver"])


def findings(project: Project) -> list[str]:
    """What `publish doctor` says of the ledger."""
    with project.open_run() as run:
        return [one.message for subject, found in diagnose(run) if subject == "ledger" for one in found]
