"""Channels without an archive, channels that fail, and the processes that render for them."""

from __future__ import annotations

import operator
import os
import subprocess
import sys
import time
from collections import UserList
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import field

from publisher import config as settings
from publisher import registry
from publisher.build import process_pool as crew_module
from publisher.build.process_pool import ProcessPool
from publisher.channel import Channel, Context, Part, Receipt, Rendering, Session
from publisher.errors import ConfigError, DeliveryError
from publisher.events import Outcome
from publisher.folder_session import FolderSession
from publisher.model import Issue
from tests.build.file_channels import Feed, Pages, file_project, tree
from tests.support.newsletter import Project

# ruff: noqa: ARG002 - a channel is asked for more than these care about


# ------------------------------------------------- channels without an archive


class Post(Channel, frozen=True):
    """One file per issue, for the issue to publish only."""

    name: ClassVar[str] = "post"
    live: bool = False
    sent: UserList[str] = field(default_factory=UserList)

    def render(self, issue: Issue, context: Context) -> Rendering:
        text = context.entry.title.encode()
        return Rendering((Part(f"outbox/{issue.id}/post.txt", "text/plain", text),), ("a bit long",))

    def session(self) -> Session:
        return Mailbox(self.sent) if self.live else FolderSession()


class Mailbox(Session):
    """A session that leaves nothing in the folder."""

    def __init__(self, sent: UserList[str]) -> None:
        self.sent = sent

    def deliver(self, part: Part, destination: str, *_: object) -> Receipt:
        self.sent.append(part.key)
        return Receipt()


def test_a_channel_without_an_archive_gets_the_issue_to_publish(project: Project) -> None:
    project.channels = (Post(),)
    assert project.publish().channels["post"].written == ("outbox/2021-07-18/post.txt",)
    assert project.warnings == ["post: a bit long"]
    outcome = project.publish(issue="2021-07-04")
    assert outcome.channels["post"].written == ("outbox/2021-07-04/post.txt",)
    assert outcome.channels["post"].orphaned == ()
    path = project.root / "outbox" / "2021-07-04" / "post.txt"
    path.unlink()
    assert project.publish(issue="2021-07-04").channels["post"].written == ("outbox/2021-07-04/post.txt",)
    path.unlink()
    assert project.publish().is_unchanged  # the older issue is not its business any more


def test_what_was_sent_is_not_sent_again(project: Project) -> None:
    post = Post(live=True)
    project.channels = (post,)
    project.publish()
    (project.root / "issues" / "2021-06-20.md").touch()  # so that the run has a look
    assert project.publish().is_unchanged
    project.write("2020-12-06", "改过的题")
    project.publish()
    assert post.sent == ["outbox/2021-07-18/post.txt"]


# ---------------------------------------------------------- channels that fail


class Refusing(FolderSession):
    """A session that fails on one part."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__()
        self.name = name
        self.error = error

    def deliver(self, part: Part, destination: str, *_: object) -> Receipt:
        if part.key.endswith(self.name):
            raise self.error
        return super().deliver(part, destination)


class Troubled(Pages, frozen=True):
    """Pages, whose delivery fails on one part."""

    part: str = ""
    error: Exception | None = None

    def session(self) -> FolderSession:
        return Refusing(self.part, self.error) if self.error else FolderSession()


def troubled(project: Project, part: str, error: Exception) -> Outcome:
    project.channels = (Troubled(part=part, error=error), Feed())
    outcome = project.publish()
    assert (project.root / "public" / "feed.txt").exists(), "one channel stopped the other"
    return outcome


def test_a_channel_that_fails_stops_no_other(project: Project) -> None:
    outcome = troubled(project, "2020-12-06.html", DeliveryError("no room", permanent=True))
    assert outcome.exit_code == 3
    assert outcome.channels["feed"].error is None
    assert not (project.root / "public" / "index.html").exists(), "the index leads to a page that is not there"
    assert project.quick() is None
    project.channels = (Pages(), Feed())
    assert project.publish().exit_code == 0
    assert project.text("index.html").count("\n") == 3


def test_nothing_is_sent_after_a_failure(project: Project) -> None:
    outcome = troubled(project, "2021-07-18.html", DeliveryError("no room"))  # the first to be delivered
    assert outcome.channels["pages"].written == ()
    assert not list((project.root / "public").glob("*.html"))


def test_a_failing_index_leaves_the_pages(project: Project) -> None:
    outcome = troubled(project, "index.html", DeliveryError("no room"))
    assert outcome.exit_code == 3
    assert len(outcome.channels["pages"].written) == 4


def test_an_unknown_outcome_is_reported(project: Project) -> None:
    outcome = troubled(project, "index.html", ConnectionResetError("by peer"))
    assert outcome.exit_code == 4
    error = outcome.channels["pages"].error
    assert error
    assert error.message == ("pages: unknown whether public/index.html was delivered: ConnectionResetError: by peer")


def test_a_channel_that_fails_on_one_issue_publishes_the_others(project: Project) -> None:
    project.write("2020-12-06", "渲染失败")
    outcome = project.publish()
    assert outcome.exit_code == 3
    error = outcome.channels["pages"].error
    assert error
    assert error.message == "pages cannot render issues/2020-12-06.md: ZeroDivisionError: no such thing"
    assert project.text("index.html").count("\n") == 2
    assert outcome.channels["feed"].error is None


def test_a_channel_that_fails_on_every_issue_keeps_its_old_index(project: Project) -> None:
    project.publish()
    old = project.text("index.html")
    for path in sorted((project.root / "issues").iterdir()):
        project.write(path.stem, "渲染失败")
    assert project.publish().exit_code == 3
    assert project.text("index.html") == old


def test_channels_that_are_not_there_or_off(project: Project) -> None:
    with pytest.raises(ConfigError, match=r"^there is no channel rsss$"):
        project.publish(channels=("rsss",))
    with pytest.raises(ConfigError) as caught:
        project.publish(channels=("rss",))
    assert caught.value.message == "the channel rss is disabled"
    assert caught.value.hint == "enable it: [channels.rss] in publisher.toml"
    assert not (project.root / "public").exists()


# ------------------------------------------------------------------- processes


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "_count_processors", lambda: 2)


@pytest.mark.usefixtures("two")
def test_process_pool_runs_each_job_once() -> None:
    with ProcessPool(100) as pool:
        assert sorted(pool.map_unordered(operator.add, range(60), 60)) == list(range(100, 160))
        assert sorted(pool.map_unordered(operator.sub, iter(range(30)), 30)) == list(range(71, 101))
        pool.close()
        assert sorted(pool.map_unordered(operator.add, range(30), 30)) == list(range(100, 130))


@pytest.mark.usefixtures("two")
def test_process_pool_takes_jobs_larger_than_a_pipe_buffer() -> None:
    with ProcessPool(b"") as pool:
        assert sum(map(len, pool.map_unordered(operator.add, [bytes(1_000_000)] * 30, 30))) == 30_000_000


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("in_worker", "message"), [("1 / 0", "ZeroDivisionError"), ("os._exit(3)", "a worker process died")]
)
def test_a_worker_that_fails_or_dies_is_noticed(in_worker: str, message: str) -> None:
    job = f"(os := __import__('os')).getpid() == {os.getpid()} or {in_worker}"
    with pytest.raises(RuntimeError, match=message), ProcessPool(eval) as pool:
        list(pool.map_unordered(operator.call, [job] * 31, 31))


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("count", [25, 64, 65])
def test_this_process_and_the_workers_share_the_jobs(count: int) -> None:
    """A worker that is slow has no more than its share, and each job is done by one of them."""
    job = f"(__import__('time').sleep((pid := __import__('os').getpid()) != {os.getpid()} and 0.05), pid)"
    with ProcessPool(eval) as pool:
        done = [pid for _, pid in pool.map_unordered(operator.call, [job] * count, count)]
        workers = {process.pid for process in pool._workers.values()}
    assert len(done) == count
    assert {*done} == {os.getpid(), *workers}
    assert done.count(os.getpid()) > count // 2


ORPHANS = """
import operator, os, sys, time
from itertools import islice
from publisher.build import process_pool
process_pool._count_processors = lambda: 2
with process_pool.ProcessPool(time.sleep) as pool:
    for _ in islice(pool.map_unordered(operator.call, [0.01] * 2000, 2000), 1, None):
        print(*(process.pid for process in pool._workers.values()), flush=True)
"""


def test_workers_of_a_killed_parent_end() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        workers = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
    assert len(workers) == 1
    end = time.monotonic() + 300
    while any(map(is_alive, workers)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(is_alive, workers))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.usefixtures("two")
def test_many_issues_give_the_same_bytes_in_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = file_project(tmp_path / "letter")
    (project.root / "publisher.toml").write_text(
        '[newsletter]\nname = "慢刊"\nurl = "https://e.org/{date}/"\nid = "tag:e.org,2021:n"\n'
    )
    config = settings.load_config(project.root / "publisher.toml", registry.load_channel)
    project.channels, project.newsletter = config.channels, config.newsletter
    for day in range(1, 31):
        project.write(f"2021-06-{day:02}", f"第 {day} 日", name=f"issue-{31 - day}")
    project.publish()
    monkeypatch.setattr(crew_module, "_count_processors", lambda: 1)
    project.publish(out=tmp_path / "alone")
    together, alone = tree(project.root / "public"), tree(tmp_path / "alone" / "public")
    assert {key: body for key, (body, _) in together.items()} == {key: body for key, (body, _) in alone.items()}
    assert "2021-06-30/index.html" in together
    assert "第 29 日" in together["2021-06-30/index.html"][0].decode()
