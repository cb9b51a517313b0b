"""The commands around publishing: what they print, what they send, and their exit codes, to the letter."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import pty
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from publisher import config, registry
from publisher.channel import Context, Finding, Level, Part, Rendering
from publisher.cli.main import main
from publisher.ledger import Key, Ledger, Result, State
from publisher.model import Issue
from publisher.pipeline.clock import Clock
from publisher.pipeline.events import Request
from publisher.pipeline.examination import examine
from publisher.pipeline.readable import beginning, lines
from publisher.pipeline.run import Run
from publisher.theme import Theme
from tests.chat import Chat
from tests.live import World

NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)  # 12:00 in Shanghai
ROOT = Path(__file__).parents[1]

SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
timezone = "Asia/Shanghai"

[channels.rss]
enabled = false

[channels.chat]
room = "@readers"
me = "@me"
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Letter:
    """A newsletter of an old issue, a new one and a draft, with a page for each and a chat."""

    def __init__(self, root: Path, say: Callable[[], tuple[str, str]]) -> None:
        self.root = root
        self._say = say
        self.world = World(root / "world")
        (root / "issues").mkdir(parents=True)
        (root / "publisher.toml").write_text(SETTINGS)
        self.write("2021-07-04", "旧")
        self.write("2021-07-18", "一", "二", "三")
        self.write("2021-08-01", "草", "稿", head="---\ndraft: true\n---\n")

    def write(self, date: str, *topics: str, head: str = "") -> None:
        text = f"{head}# 慢刊 ({date})：{'/'.join(topics)}\n\n## 新闻\n\n- [条目](https://e.org/{date})\n"
        (self.root / "issues" / f"{date}.md").write_text(text)

    def orders(self, *orders: str) -> None:
        """What the chat does to parts, see tests/chat.py."""
        (self.root / "orders").write_text("\n".join(orders))

    def run(self, *words: str, now: dt.datetime = NOW) -> Said:
        code = main(list(words), now)
        return Said(code, *self._say())

    def told(self, *words: str, code: int = 0, now: dt.datetime = NOW) -> list[str]:
        """The lines of the result, without times that differ from run to run."""
        said = self.run(*words, now=now)
        assert said.code == code, said
        return re.sub(r"  \d+\.\d s$", "", said.out, flags=re.MULTILINE).splitlines()

    def chat(self, *words: str, code: int = 0) -> str:
        """What `publish status` says of the newest issue on the chat."""
        rows = self.told("status", "2021-07-18", *words, code=code)
        start = next(number for number, row in enumerate(rows) if row.startswith("  chat"))
        mine = [row[8:] for row in rows[start:] if row.startswith(("  chat", " " * 8))]
        return "\n".join(mine)

    @property
    def place(self) -> Path:
        return self.root / ".publisher" / "ledger.db"


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Letter:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda name: Chat if name == "chat" else load(name))
    made = Letter(tmp_path / "letter", capsys.readouterr)
    monkeypatch.chdir(made.root)
    return made


# ------------------------------------------------------------------ the question


def test_nothing_leaves_unasked(letter: Letter) -> None:
    assert letter.told("--channel", "web,chat", code=2)[1:] == [
        "✓ web       public/index.html · 2 issues · 4 files written, 0 unchanged",
        "✗ chat      nothing was sent, because nobody is here to ask: "
        "chat: @readers · 3 messages that cannot be taken back",
        "  = fix: add --yes",
        "1 of 2 channels done · exit 2",
    ]
    assert letter.world.told == []


def test_yes_is_an_answer(letter: Letter) -> None:
    assert letter.told("--channel", "chat", "--yes") == [
        "issue 2021-07-18 · newest due",
        "✓ chat      @readers · 3 sent · https://chat.example/89",
    ]
    assert letter.world.told == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert letter.told("--channel", "chat", "-y")[1] == "nothing to do"


def test_a_change_is_no_departure(letter: Letter) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    assert "✓ chat      @readers · 1 changed · https://chat.example/89" in letter.told()
    assert letter.world.told[3:] == ["update 2 贰"]


def test_a_dry_run_says_what_would_be_sent(letter: Letter) -> None:
    assert letter.told("--channel", "chat", "--dry-run")[1:] == ["✓ chat      @readers · would send 3"]
    assert not letter.place.exists()
    letter.run("--channel", "chat", "--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    line = "✓ chat      @readers · would change 1 · https://chat.example/89"
    assert letter.told("--channel", "chat", "--dry-run")[1:] == [line]


def test_json_tells_what_was_sent(letter: Letter) -> None:
    found = json.loads(letter.run("--yes", "--json").out)["channels"]
    assert found["chat"] == {
        "written": [],
        "unchanged": 0,
        "gone": [],
        "destination": "@readers",
        "sent": 3,
        "changed": 0,
        "url": "https://chat.example/89",
        "held": "",
        "error": None,
    }
    assert (found["web"]["destination"], found["web"]["sent"]) == ("", 0)


def test_patience_has_an_end(letter: Letter) -> None:
    letter.orders("1 rest")
    told = letter.told("--channel", "chat", "--yes", "--patience", "0", code=3)
    assert re.fullmatch(r"✗ chat      3 of 3 wait, not before 05:00:\d\d UTC: the chat is tired", told[1])


@pytest.mark.parametrize("word", ["soon", "-1", "inf", "nan"])
def test_patience_is_in_seconds(letter: Letter, word: str) -> None:
    assert letter.run(f"--patience={word}") == Said(
        2, "", f"error: {word} is not a number of seconds · like --patience 60\n"
    )


@pytest.fixture
def terminal(letter: Letter, tmp_path: Path) -> Callable[[str], tuple[int, str]]:
    """Publish on a real terminal, answering the question: the exit code, and all that was on the screen."""
    package = tmp_path / "site" / "chat-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: chat\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[publisher.channels]\nchat = tests.chat:Chat\n")
    paths = os.pathsep.join([str(package.parent), str(ROOT)])
    words = [sys.executable, "-m", "publisher", "2021-07-18", "--channel", "chat"]

    def publish(answer: str) -> tuple[int, str]:
        child, screen = pty.fork()
        if not child:
            os.execve(words[0], words, os.environ | {"PYTHONPATH": paths, "NO_COLOR": "1"})
        shown = b""
        with suppress(OSError):  # Linux says so when nobody has the other end open any more
            while data := os.read(screen, 1024):
                shown += data
                if shown.endswith(b"[y/N] "):
                    os.write(screen, answer.encode())
        os.close(screen)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode().replace("\r\n", "\n")

    return publish


def test_a_terminal_is_asked(letter: Letter, terminal: Callable[[str], tuple[int, str]]) -> None:
    code, shown = terminal("n\n")
    assert code == 2
    age = re.search(r" · the issue is ([\d,]+) days old", shown)
    assert age
    today = (dt.date.today() - dt.date(2021, 7, 18)).days
    assert int(age[1].replace(",", "")) in (today - 1, today), "whatever time of the day it is"
    assert shown.replace(age[0], "").startswith(
        "issue 2021-07-18 · issues/2021-07-18.md\n"
        "chat  @readers · 3 messages that cannot be taken back\n"
        "send? [y/N] n\n"
        "✗ chat      nothing was sent: you said no\n"
    )
    assert letter.world.told == []
    code, shown = terminal("y\n")
    assert code == 0
    assert "✓ chat      @readers · 3 sent" in shown
    assert len(letter.world.told) == 3


# ------------------------------------------------------------------------ status


def test_status_before_anything(letter: Letter) -> None:
    assert letter.told("status") == [
        "2021-08-01  to come",
        "  web   2021-08-01 09:45 (2021-08-01 01:45 UTC) · a draft",
        "  chat  2021-08-01 09:45 (2021-08-01 01:45 UTC) · a draft",
        "2021-07-18  一/二/三",
        "  web   not published",
        "        → publish 2021-07-18 --channel web",
        "  chat  not published · @readers",
        "        → publish 2021-07-18 --channel chat",
        "2021-07-04  旧",
        "  web   not published",
        "  chat  not published · @readers",
    ]
    assert not (letter.root / ".publisher").exists()


def test_status_of_what_is_out(letter: Letter) -> None:
    letter.run("--yes")
    assert letter.told("status")[3:6] == [
        "2021-07-18  一/二/三",
        "  web   published 2021-07-18 12:00",
        "  chat  published 2021-07-18 12:00 · @readers · https://chat.example/89",
    ]


def test_status_of_an_edited_issue(letter: Letter) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    assert letter.told("status", "2021-07-18")[1:3] == [
        "  web   published 2021-07-18 12:00, changed since",
        "        → publish 2021-07-18 --channel web",
    ]
    changed = "published 2021-07-18 12:00, changed since · @readers · https://chat.example/89"
    assert letter.chat() == f"{changed}\n→ publish 2021-07-18 --channel chat"
    letter.write("2021-07-18", "一", "贰")
    assert letter.chat().splitlines()[1:] == [
        "the issue takes 2 messages now, and 3 were planned: publish correct",
        "→ publish correct 2021-07-18 --channel chat",
    ]


def test_status_of_what_failed(letter: Letter) -> None:
    letter.orders("2 refuse")
    assert letter.run("--yes").code == 3
    assert letter.chat(code=3).splitlines() == [
        "1 of 3 failed · @readers · https://chat.example/89",
        "2 failed: the chat said no · ask it why",
        "→ publish retry 2021-07-18 --channel chat",
    ]


def test_status_of_what_is_unknown(letter: Letter) -> None:
    letter.orders("2 vanish")
    assert letter.run("--yes").code == 4
    assert letter.chat(code=4).splitlines() == [
        "1 of 3 unknown · @readers · https://chat.example/89",
        "2 unknown: TimeoutError: no answer",
        "→ publish resolve 2021-07-18 --channel chat",
    ]


def test_status_of_what_waits(letter: Letter) -> None:
    letter.orders("2 rest")
    letter.run("--yes", "--patience", "0")
    assert letter.chat().splitlines()[0].startswith("2 of 3 waiting until 2021-07-18 13:00 · @readers")


def test_status_of_what_is_at_work(letter: Letter) -> None:
    letter.run("--channel", "web")
    with closing(Ledger(letter.place)) as ledger:
        ledger.claim(Key("tag:e.org,2021:slow/2021-07-18", "chat", "@readers"), NOW, dt.timedelta(minutes=1))
    first, second = letter.chat().splitlines()
    assert first == "being published · @readers"
    assert second == f"process {os.getpid()} on {platform.node()}"
    told = letter.told("status", "2021-07-18", now=NOW + dt.timedelta(minutes=2))
    assert told[-2:] == [
        "  chat  begun, and not finished · @readers",
        "        → publish 2021-07-18 --channel chat",
    ]


def test_what_is_looked_at_has_its_neighbours(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, tuple[str, ...]] = {}
    render = Chat.render

    def note(self: Chat, issue: Issue, context: Context) -> Rendering:
        near = (context.previous, context.entry, context.next)
        seen[issue.id] = tuple(str(one.date) if one else "-" for one in near)
        return render(self, issue, context)

    monkeypatch.setattr(Chat, "render", note)
    letter.write("2021-07-11", "中")
    letter.run("status")
    assert seen == {
        "2021-07-04": ("-", "2021-07-04", "2021-07-11"),
        "2021-07-11": ("2021-07-04", "2021-07-11", "2021-07-18"),
        "2021-07-18": ("2021-07-11", "2021-07-18", "-"),
    }


def test_status_of_a_channel_that_is_not_set_up(letter: Letter) -> None:
    (letter.root / "publisher.toml").write_text(SETTINGS.replace('room = "@readers"', ""))
    assert letter.chat() == "not published\n→ publish 2021-07-18 --channel chat"
    letter.run()
    assert letter.chat() == "in files only"
    letter.write("2021-07-18", "一", "贰", "三")
    assert letter.chat() == "changed since it was written\n→ publish 2021-07-18 --channel chat"


def test_status_forgets_no_trouble(letter: Letter) -> None:
    """An open outcome is told although the issue is old, its file gone and the channel off."""
    letter.orders("1 vanish")
    letter.run("2021-07-04", "--yes")
    (letter.root / "issues" / "2021-07-04.md").unlink()
    (letter.root / "publisher.toml").write_text(
        SETTINGS.replace("[channels.chat]", "[channels.chat]\nenabled = false")
    )
    told = letter.told("status", code=4)
    assert told[-4:] == [
        "2021-07-04",
        "  chat  1 of 1 unknown · @readers",
        "        TimeoutError: no answer",
        "        → publish resolve 2021-07-04 --channel chat",
    ]
    assert letter.told("resolve", "2021-07-04", "--channel", "chat", "--drop") == [
        "chat · @readers · 1 given up"
    ]
    assert "2021-07-04" not in letter.run("status").out


def test_status_of_what_is_of_no_issue(letter: Letter) -> None:
    letter.run("--channel", "web")
    key, lease = Key("tag:e.org,2021:slow", "websub", "https://hub.example/"), dt.timedelta(minutes=1)
    with closing(Ledger(letter.place)) as ledger:
        claim = ledger.claim(key, NOW, lease)
        ledger.plan(claim, [Part("feed", "text/plain", b"1")], [key.destination], NOW, keep=False)
        [task] = ledger.turn(claim, [], 1, NOW, lease)
        ledger.turn(claim, [Result(task, State.FAILED, NOW, reason="no such hub")], 0, NOW, lease)
        ledger.release(claim, NOW)
    assert letter.told("status", code=3)[-4:] == [
        "慢刊",
        "  websub  1 of 1 failed · https://hub.example/",
        "          no such hub",
        "          → publish retry",
    ]


def test_status_is_for_scripts_too(letter: Letter) -> None:
    letter.orders("2 refuse")
    letter.run("--yes")
    found = json.loads(letter.run("status", "--json").out)
    assert found["exit"] == 3
    [row] = [one for one in found["rows"] if (one["issue"], one["channel"]) == ("2021-07-18", "chat")]
    assert (row["condition"], row["counts"]["failed"], row["counts"]["planned"]) == ("failed", 1, 1)
    assert row["next"] == "publish retry 2021-07-18 --channel chat"
    [row] = [one for one in found["rows"] if (one["issue"], one["channel"]) == ("2021-07-18", "web")]
    assert row["when"].startswith("2021-07-18T12:00:")


def test_status_of_an_issue_nobody_knows(letter: Letter) -> None:
    assert letter.run("status", "2021-07-05").err == (
        "error: there is no issue 2021-07-05 · did you mean 2021-07-04?\n"
    )


# ------------------------------------------------------------------------- retry


def test_retry_sends_what_failed_and_what_waited_behind_it(letter: Letter) -> None:
    letter.orders("2 refuse")
    letter.run("--yes")
    letter.orders()
    (letter.root / "public" / "index.html").unlink()
    assert letter.told("--yes", "--channel", "chat", code=3)[1].startswith("✗ chat      1 of 3 failed")
    assert letter.told("retry", "--dry-run")[1:] == [
        "✓ chat      @readers · would send 2 · https://chat.example/89"
    ]
    assert letter.run("retry").code == 2, "it asks as publish does"
    assert letter.told("retry", "--yes")[1:] == ["✓ chat      @readers · 2 sent · https://chat.example/89"]
    assert letter.world.told == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert not (letter.root / "public" / "index.html").exists(), "only what failed"


def test_retry_does_not_wait(letter: Letter) -> None:
    letter.orders("1 rest")
    letter.run("--yes", "--patience", "0")
    letter.orders()
    assert letter.told("retry", "2021-07-18", "-y")[1].startswith("✓ chat      @readers · 3 sent")


def test_retry_publishes_nothing_new(letter: Letter) -> None:
    assert letter.told("retry", "--yes")[1:] == ["nothing to do"]
    assert letter.run("retry", "--channel", "web").err == (
        "error: there is nothing to retry: these channels only write files · publish\n"
    )
    assert letter.world.told == []


# ----------------------------------------------------------------------- resolve


@pytest.fixture
def unknown(letter: Letter) -> Letter:
    letter.orders("2 vanish")
    letter.run("--yes")
    letter.orders()
    return letter


def test_resolve_lists_what_is_unknown(unknown: Letter) -> None:
    told = unknown.told("resolve", "2021-07-18", code=4)
    assert re.fullmatch(r"  2  begun 2021-07-18 12:00:\d\d", told.pop(1))
    assert told == [
        "chat · @readers · 1 of 3 unknown",
        "    TimeoutError: no answer",
        "    look for: 二",
        "when you have looked:",
        "  publish resolve 2021-07-18 --channel chat --sent ID  "
        "it is there (without ID nobody can change it later)",
        "  publish resolve 2021-07-18 --channel chat --resend   it is not there: send it again",
        "  publish resolve 2021-07-18 --channel chat --drop     leave it",
    ]
    [case] = json.loads(unknown.run("resolve", "2021-07-18", "--json").out)["unknown"]
    assert (case["channel"], case["deliveries"][0]["words"]) == ("chat", "二")


@pytest.mark.parametrize(
    ("words", "said", "sent"),
    [
        (("--sent", "7"), "arrived", ["deliver 3 三"]),
        (("--sent",), "arrived", ["deliver 3 三"]),
        (("--resend",), "to be sent again", ["deliver 2 二", "deliver 3 三"]),
        (("--drop",), "given up", ["deliver 3 三"]),
        (("--sent", "--part", "2", "--to", "@readers"), "arrived", ["deliver 3 三"]),
    ],
)
def test_a_verdict(unknown: Letter, words: tuple[str, ...], said: str, sent: list[str]) -> None:
    entered = unknown.run("resolve", "2021-07-18", "--channel", "chat", *words)
    assert entered == Said(
        0,
        f"chat · @readers · 1 {said}\n",
        "next: publish 2021-07-18 --channel chat sends the rest\n",
    )
    assert unknown.world.told == ["deliver 1 一", "deliver 2 二"], "it sends nothing by itself"
    told = unknown.told("--yes", "--channel", "chat")
    assert told[1].startswith(f"✓ chat      @readers · {len(sent)} sent")
    assert unknown.world.told[2:] == sent


def test_a_message_that_was_found_can_be_changed(unknown: Letter) -> None:
    unknown.run("resolve", "2021-07-18", "--sent", "7")
    unknown.write("2021-07-18", "一", "贰", "三")
    unknown.run("--yes")
    assert unknown.world.told[2:] == ["update 2 贰", "deliver 3 三"]
    assert [call.remote_id for call in unknown.world][2] == "7"


def test_what_a_verdict_cannot_be_about(unknown: Letter) -> None:
    resolve = ("resolve", "2021-07-18", "-c", "chat")
    assert unknown.run(*resolve, "--drop", "--part", "9").err == (
        "error: nothing of that name is unknown on chat · there is: 2\n"
    )
    assert unknown.run(*resolve, "--drop", "--resend").code == 2
    assert unknown.run("resolve", "2021-07-04").out == "nothing of 2021-07-04 is unknown\n"
    assert unknown.chat(code=4).startswith("1 of 3 unknown")


def test_nothing_to_resolve_before_anything(letter: Letter) -> None:
    assert letter.run("resolve", "2021-07-18").err == "error: nothing was sent from here yet · publish\n"
    assert not letter.place.exists()


def test_one_who_died_in_the_act_leaves_a_question(letter: Letter) -> None:
    letter.run("--channel", "web")
    key, lease = Key("tag:e.org,2021:slow/2021-07-18", "chat", "@readers"), dt.timedelta(minutes=1)
    parts = [Part(str(n), "text/plain", text.encode()) for n, text in enumerate("一二三", 1)]
    with closing(Ledger(letter.place)) as ledger:
        claim = ledger.claim(key, NOW, lease)
        ledger.plan(claim, parts, ["@readers"], NOW, keep=False)
        assert len(ledger.turn(claim, [], 1, NOW, lease, ordered=True)) == 1
        with ledger.transaction() as books:
            books.run("UPDATE publication SET owner = replace(owner, 'begun ', 'begun 0')")
    assert letter.chat(code=4).splitlines()[-1] == "→ publish resolve 2021-07-18 --channel chat"
    told = letter.told("resolve", "2021-07-18", code=4)
    assert told[2] == "    the publisher ended before it knew what came of it"
    assert letter.told("--channel", "chat", code=4)[1].startswith(
        "✗ chat      nobody knows whether 1 of 3 went out"
    ), "no question about what cannot be sent"


# ----------------------------------------------------------------------- correct


def test_more_messages_by_a_correction(letter: Letter) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "壹", "二", "三", "四")
    assert letter.run("--yes").err == (
        "warning: chat: the issue takes 4 messages now, and 3 were planned: publish correct\n"
    )
    told = letter.told("correct", "2021-07-18", "-c", "chat", code=2)
    assert told[1].endswith("chat: @readers · 1 message that cannot be taken back · 1 changed")
    told = letter.told("correct", "2021-07-18", "--yes")
    assert "✓ chat      @readers · 1 sent · 1 changed · https://chat.example/89" in told
    assert letter.world.told[3:] == ["update 1 壹", "deliver 4 四"]


def test_fewer_messages_by_a_correction(letter: Letter) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "二")
    told = letter.told("correct", "2021-07-18", "-c", "chat", code=2)
    assert told[1].endswith("chat: @readers · 1 taken back")
    letter.run("correct", "2021-07-18", "--yes")
    assert letter.world.told[3:] == ["withdraw"]
    assert letter.chat().startswith("published 2021-07-18 12:00 · @readers")


def test_a_correction_needs_an_issue(letter: Letter) -> None:
    said = letter.run("correct")
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("ISSUE · publish correct --help\n")


# -------------------------------------------------------------------------- diff


def test_diff_of_what_is_live(letter: Letter) -> None:
    letter.run("--yes")
    assert letter.run("diff") == Said(0, "", "what is live is what issues/2021-07-18.md makes now\n")
    letter.write("2021-07-18", "一", "贰")
    assert letter.told("diff", "--channel", "chat") == [
        "chat · @readers · 2 · changed",
        "@@ -1 +1 @@",
        "-二",
        "+贰",
        "chat · @readers · 3 · gone",
        "@@ -1 +0,0 @@",
        "-三",
    ]
    assert len(letter.world.told) == 3


def test_diff_of_files(letter: Letter) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    told = letter.told("diff", "--channel", "web")
    assert told[0] == "web · public/2021-07-18/index.html · changed"
    assert "-<title>慢刊 (2021-07-18)：一/二/三</title>" in told
    assert "+<title>慢刊 (2021-07-18)：一/贰/三</title>" in told
    assert "一/二/三" in (letter.root / "public" / "index.html").read_text(), "nothing is written"


def test_diff_leaves_out_what_is_packed(letter: Letter) -> None:
    (letter.root / "publisher.toml").write_text(SETTINGS.replace("[channels.rss]\nenabled = false\n", ""))
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    told = letter.told("diff", "--channel", "rss")
    heads = [line.split(" · ")[1] for line in told if line.startswith("rss")]
    assert heads == ["public/feed.json", "public/atom.xml", "public/feed.xml"]


def test_diff_of_what_was_never_published(letter: Letter) -> None:
    assert letter.told("diff", "2021-07-18")[-4:] == [
        "web · public/index.html · new",
        "chat · @readers · 1 · new",
        "chat · @readers · 2 · new",
        "chat · @readers · 3 · new",
    ]
    assert not letter.place.exists()


def test_diff_for_scripts(letter: Letter) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "贰", "三")
    found = json.loads(letter.run("diff", "-c", "chat", "--json").out)
    assert found == {
        "issue": "2021-07-18",
        "differences": [
            {
                "channel": "chat",
                "destination": "@readers",
                "part": "2",
                "kind": "changed",
                "lines": ["@@ -1 +1 @@", "-二", "+贰"],
            }
        ],
        "exit": 0,
    }


MAIL = b"""\
Subject: =?utf-8?b?5oWi5YiK?=
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

5q2j5paH
"""


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        ("text/plain", "一\n二".encode(), ["一", "二"]),
        (
            "application/json",
            b'{"text": "a\\nb", "n": 1, "rows": [{"url": "https://e.org/"}]}',
            ["a", "b", "https://e.org/"],
        ),
        ("application/feed+json; charset=utf-8", b'["a"]', ["a"]),
        ("application/json", b"{broken", ["{broken"]),
        ("message/rfc822", MAIL, ["Subject: 慢刊", "正文"]),
        ("image/png", b"\x89PNG\xff", None),
    ],
)
def test_parts_as_people_read_them(kind: str, body: bytes, shown: list[str] | None) -> None:
    found = lines(Part("key", kind, body))
    if kind == "message/rfc822":
        assert found
        found = [line for line in found if line and not line.startswith("Content-")]
    assert found == shown


def test_the_words_to_look_for() -> None:
    assert beginning(Part("key", "text/plain", b"\n  first words \nmore")) == "first words"
    assert beginning(Part("key", "text/plain", b"x" * 61)) == "x" * 59 + "…"
    assert beginning(Part("key", "image/png", b"\xff")) == ""


# ------------------------------------------------------------------------ proofs


def test_a_proof_goes_to_the_editor_alone(letter: Letter) -> None:
    assert letter.told("2021-08-01", "--to-me") == [
        "issue 2021-08-01 · issues/2021-08-01.md",
        "✓ chat      @me · 2 sent · https://chat.example/84",
    ]
    assert [(call.recipient, call.text) for call in letter.world] == [("@me", "草"), ("@me", "稿")]
    assert not (letter.root / ".publisher").exists()
    assert not (letter.root / "public").exists()
    assert letter.told("--to-me", "--dry-run")[1:] == ["✓ chat      @me · would send 3"]
    assert json.loads(letter.run("--to-me", "--json").out)["proof"] is True
    assert letter.told("--yes", "-c", "chat")[1].startswith("✓ chat      @readers · 3 sent")


def test_a_proof_that_cannot_be_sent(letter: Letter) -> None:
    toml = letter.root / "publisher.toml"
    toml.write_text(SETTINGS.replace('me = "@me"', ""))
    assert letter.told("--to-me", code=2)[1:3] == [
        "✗ chat      it does not know where you are",
        '  = fix: add me = "…" to [channels.chat] of publisher.toml',
    ]
    toml.write_text(SETTINGS.replace('room = "@readers"', ""))
    assert letter.told("--to-me", code=2)[1:3] == [
        "✗ chat      it is not set up to send, it only writes files",
        "  = fix: complete [channels.chat] of publisher.toml",
    ]
    assert letter.world.told == []
    assert letter.run("--to-me", "--out", "x").err.startswith("error: a proof is sent, not written · ")
    assert letter.run("--to-me", "-c", "web").err.startswith(
        "error: no proof can be sent: web only writes files · "
    )


@pytest.mark.parametrize(
    ("order", "code", "said"), [("refuse", 3, "the chat said no"), ("vanish", 4, "TimeoutError: no answer")]
)
def test_a_proof_that_fails(letter: Letter, order: str, code: int, said: str) -> None:
    letter.orders(f"2 {order}")
    assert letter.told("--to-me", code=code)[1] == f"✗ chat      {said}"


# ------------------------------------------------------------------------ doctor


def test_a_healthy_newsletter(letter: Letter) -> None:
    letter.run("--yes")
    told = letter.told("doctor")
    assert {line[0] for line in told} == {"✓"}
    assert "✓ chat      may write to @readers" in told
    assert "✓ folders   public/ can be written" in told
    assert "✓ ledger    every page of it can be read" in told
    assert any(re.match(r"✓ clock     2021-07-18 12:00:\d\d \+0800 in Asia/Shanghai", line) for line in told)
    assert any("mistune 3" in line and "feedgen 1" in line for line in told)
    assert len(letter.world.told) == 3


def test_what_is_ill_and_what_mends_it(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "✓ ledger    none yet: the first publish begins it" in letter.told("doctor")
    letter.orders("2 vanish")
    letter.run("--yes")
    letter.orders("deaf")
    letter.place.chmod(0o644)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "public")
    assert [line for line in letter.told("doctor", code=2) if line[0] != "✓"] == [
        f"✗ folders   public/ cannot be written · give yourself the right: chmod u+wx {letter.root}/public",
        "! ledger    its mode is 644 · chmod 600 the file",
        "! ledger    unknown: deliveries of 2021-07-18 · publish status",
        "✗ chat      the chat does not answer · look at the network",
    ]
    found = json.loads(letter.run("doctor", "--json").out)
    assert found["exit"] == 2
    assert found["findings"][-1] == {
        "subject": "chat",
        "level": "bad",
        "message": "the chat does not answer",
        "hint": "look at the network",
    }


def test_doubts_are_no_failure(letter: Letter) -> None:
    (letter.root / "publisher.toml").write_text(SETTINGS.replace('me = "@me"', ""))
    assert '! chat      no proofs can be sent · add me = "…"' in letter.told("doctor")
    (letter.root / "publisher.toml").write_text(SETTINGS.replace('room = "@readers"', ""))
    assert "✓ chat      not set up to send: it only writes files" in letter.told("doctor")


def test_a_clock_that_was_set_back(letter: Letter) -> None:
    letter.run("--yes")
    said = letter.run("doctor", now=NOW - dt.timedelta(days=1))
    assert said.code == 2
    assert re.search(
        r"✗ ledger    its last entry is of 2021-07-18 04:00:\d\d UTC, which is still to come · the clock",
        said.out,
    )


def test_one_who_does_not_answer_is_not_waited_for(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(self: Chat) -> Iterator[Finding]:
        released.wait(60)
        yield Finding(Level.GOOD, "too late")

    monkeypatch.setattr(Chat, "examine", hang)
    found = config.load(letter.root / "publisher.toml", registry.load)
    run = Run(
        found, Theme.load(), Request(dry_run=True), found.channels, NOW, lambda _: None, Clock.running(NOW)
    )
    examined = {one.subject: one.findings for one in examine(run, patience=0.2)}
    released.set()
    assert [finding.message for finding in examined["chat"]] == ["no answer within 0.2 seconds"]


# -------------------------------------------------------------------- their words


@pytest.mark.parametrize("name", ["status", "retry", "resolve", "correct", "diff", "doctor"])
def test_help_fits_the_screen(letter: Letter, name: str) -> None:
    shown = letter.told(name, "--help")
    assert shown[0].startswith(f"publish {name}: ")
    assert "--json" in "".join(shown)
    assert max(map(len, shown)) <= 100


def test_nothing_is_wider_than_the_screen(letter: Letter) -> None:
    letter.orders("2 refuse")
    letter.run("--yes")
    assert max(map(len, letter.told("status", code=3))) <= 80
