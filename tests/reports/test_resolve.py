"""`publish retry`, `resolve` and `correct`: failed, unknown and edited deliveries."""

from __future__ import annotations

import datetime as dt
import json
import re
from contextlib import closing

import pytest

from publisher.channel import Part
from publisher.ledger import Ledger, PublicationKey
from publisher.ledger.queues import QueueSelection
from tests.support.newsletter import NOON, CommandProject, Said

# ----------------------------------------------------------------------- retry


def test_retry_sends_what_failed_and_what_waited_behind_it(letter: CommandProject) -> None:
    letter.orders("2 refuse")
    letter.run("--yes")
    letter.orders()
    (letter.root / "public" / "index.html").unlink()
    assert letter.lines("--yes", "--channel", "chat", code=3)[1].startswith("✗ chat      1 of 3 failed")
    assert letter.lines("retry", "--dry-run")[1:] == ["✓ chat      2 messages to @readers · https://chat.example/89"]
    assert letter.run("retry").code == 2, "it asks as publish does"
    assert letter.lines("retry", "--yes")[1:] == ["✓ chat      @readers · 2 sent · https://chat.example/89"]
    assert letter.world.calls == ["deliver 1 一", "deliver 2 二", "deliver 3 三"]
    assert not (letter.root / "public" / "index.html").exists(), "only what failed"


def test_retry_does_not_wait(letter: CommandProject) -> None:
    letter.orders("1 rest")
    letter.run("--yes", "--max-wait", "0")
    letter.orders()
    assert letter.lines("retry", "2021-07-18", "-y")[1].startswith("✓ chat      @readers · 3 sent")


def test_retry_publishes_nothing_new(letter: CommandProject) -> None:
    assert letter.lines("retry", "--yes")[1:] == ["nothing to do: nothing has failed, and nothing waits"]
    assert letter.run("retry", "--channel", "web").err == (
        "error: nothing to retry: these channels only write files · publish\n"
    )
    assert letter.world.calls == []


# --------------------------------------------------------------------- resolve


def test_resolve_lists_what_is_unknown(unknown: CommandProject) -> None:
    lines = unknown.lines("resolve", "2021-07-18", code=4)
    assert re.fullmatch(r"  2  started 2021-07-18 12:00:\d\d", lines.pop(1))
    assert lines == [
        "chat · @readers · 1 of 3 unknown",
        "    TimeoutError: no answer",
        "    look for: 二",
        "Check whether it arrived, then run one of:",
        "  publish resolve 2021-07-18 --channel chat --sent ID  it arrived (without ID it cannot be edited later)",
        "  publish resolve 2021-07-18 --channel chat --resend   it did not arrive: send it again",
        "  publish resolve 2021-07-18 --channel chat --drop     do not send it again",
    ]
    [case] = json.loads(unknown.run("resolve", "2021-07-18", "--json").out)["unknown"]
    assert (case["channel"], case["deliveries"][0]["words"]) == ("chat", "二")


@pytest.mark.parametrize(
    ("words", "said", "sent"),
    [
        (("--sent", "7"), "marked as sent", ["deliver 3 三"]),
        (("--sent",), "marked as sent", ["deliver 3 三"]),
        (("--resend",), "to be sent again", ["deliver 2 二", "deliver 3 三"]),
        (("--drop",), "dropped", ["deliver 3 三"]),
        (("--sent", "--part", "2", "--to", "@readers"), "marked as sent", ["deliver 3 三"]),
    ],
)
def test_a_verdict(unknown: CommandProject, words: tuple[str, ...], said: str, sent: list[str]) -> None:
    entered = unknown.run("resolve", "2021-07-18", "--channel", "chat", *words)
    assert entered == Said(
        0, f"chat · @readers · 1 {said}\n", "next: publish 2021-07-18 --channel chat sends the rest\n"
    )
    assert unknown.world.calls == ["deliver 1 一", "deliver 2 二"], "it sends nothing by itself"
    lines = unknown.lines("--yes", "--channel", "chat")
    assert lines[1].startswith(f"✓ chat      @readers · {len(sent)} sent")
    assert unknown.world.calls[2:] == sent


def test_a_message_that_was_found_can_be_changed(unknown: CommandProject) -> None:
    unknown.run("resolve", "2021-07-18", "--sent", "7")
    unknown.write("2021-07-18", "一", "贰", "三")
    unknown.run("--yes")
    assert unknown.world.calls[2:] == ["update 2 贰", "deliver 3 三"]
    assert [call.remote_id for call in unknown.world][2] == "7"


def test_what_a_verdict_cannot_be_about(unknown: CommandProject) -> None:
    resolve = ("resolve", "2021-07-18", "-c", "chat")
    assert unknown.run(*resolve, "--drop", "--part", "9").err == (
        "error: no unknown delivery of that name on chat · unknown are: 2\n"
    )
    assert unknown.run(*resolve, "--drop", "--resend").code == 2
    assert unknown.run("resolve", "2021-07-04").out == "no unknown outcomes for 2021-07-04\n"
    assert unknown.chat(code=4).startswith("1 of 3 unknown")


def test_nothing_to_resolve_before_anything(letter: CommandProject) -> None:
    assert letter.run("resolve", "2021-07-18").err == "error: nothing was published yet · publish\n"
    assert not letter.place.exists()


def test_one_who_died_in_the_act_leaves_a_question(letter: CommandProject) -> None:
    letter.run("--channel", "web")
    key, lease = PublicationKey("tag:e.org,2021:slow/2021-07-18", "chat", "@readers"), dt.timedelta(minutes=1)
    parts = [Part(str(n), "text/plain", text.encode()) for n, text in enumerate("一二三", 1)]
    with closing(Ledger(letter.place)) as ledger:
        claim = ledger.claim(key, NOON, lease)
        ledger.plan(claim, parts, ["@readers"], NOON, keep_content=False)
        wanted = QueueSelection("chat", 1, ordered=True)
        assert len(ledger.checkpoint(claim, [], wanted, NOON, lease).deliveries) == 1
        with ledger.transaction() as tx:
            tx.execute("UPDATE publication SET owner = replace(owner, 'begun ', 'begun 0')")
    assert letter.chat(code=4).splitlines()[-1] == "→ publish resolve 2021-07-18 --channel chat"
    lines = letter.lines("resolve", "2021-07-18", code=4)
    assert lines[2] == "    the process ended before the outcome was known"
    assert letter.lines("--channel", "chat", code=4)[1].startswith("✗ chat      unknown whether 1 of 3 were sent"), (
        "no question about what cannot be sent"
    )


# --------------------------------------------------------------------- correct


def test_more_messages_by_a_correction(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "壹", "二", "三", "四")
    assert letter.run("--yes").err.splitlines()[0] == (
        "warning: chat: the issue now takes 4 messages instead of 3: publish correct"
    )
    lines = letter.lines("correct", "2021-07-18", "-c", "chat", code=2)
    assert lines[1].endswith("chat: @readers · 1 message that cannot be unsent · 1 changed")
    lines = letter.lines("correct", "2021-07-18", "--yes")
    assert "✓ chat      @readers · 1 sent · 1 changed · https://chat.example/89" in lines
    assert letter.world.calls[3:] == ["update 1 壹", "deliver 4 四"]


def test_fewer_messages_by_a_correction(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "一", "二")
    lines = letter.lines("correct", "2021-07-18", "-c", "chat", code=2)
    assert lines[1].endswith("chat: @readers · 1 deleted")
    letter.run("correct", "2021-07-18", "--yes")
    assert letter.world.calls[3:] == ["withdraw"]
    assert letter.chat().startswith("published just now, 2021-07-18 12:00 · @readers")


def test_a_correction_needs_an_issue(letter: CommandProject) -> None:
    said = letter.run("correct")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: ISSUE is missing · publish correct ISSUE\n"
