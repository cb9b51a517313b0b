"""The message as a whole: its bytes, the same everywhere, good for any content, read back by Python."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.channels.email import Email
from publisher.channels.email.message import encode_base64_lines
from publisher.channels.email.wrapping import count_columns
from publisher.errors import ConfigError
from publisher.reader import decode, parse_issue
from tests.channels.email.conftest import PUBLICATION, SAMPLE, Mail, render
from tests.channels.email.test_lines import unflowed
from tests.channels.email.wire import faults

Make = Callable[..., Mail]


def test_the_parts(mail: Make) -> None:
    rendering = mail().rendering
    assert [(part.key, part.media_type) for part in rendering.parts] == [
        ("outbox/2024-03-07/email/message.eml", "message/rfc822"),
        ("outbox/2024-03-07/email/message.txt", "text/plain; charset=utf-8"),
    ]
    assert rendering.report["items"] == 5
    assert rendering.report["bytes"] == len(rendering.parts[0].body)
    assert rendering.warnings == ()


def test_the_head(mail: Make) -> None:
    found = mail().message
    assert dict(found.items()) | {"Message-ID": "…"} == {
        "From": "夜航船周报 <editor@ferry.example.org>",
        "Subject": "夜航船周报 (2024-03-07)：灯塔改用 LED/海图上的蓝点",
        "Date": "Thu, 07 Mar 2024 09:45:00 +0800",
        "List-Id": "夜航船周报 <weekly.ferry.example.org>",
        "List-Archive": "<https://ferry.example.org/weekly/>",
        "List-Help": "<mailto:editor@ferry.example.org?subject=help>",
        "List-Post": "NO",
        "Archived-At": "<https://ferry.example.org/weekly/2024-03-07/>",
        "Precedence": "bulk",
        "Auto-Submitted": "auto-generated",
        "Feedback-ID": "20240307:weekly:newsletter:49dd10914034",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"; format="flowed"; delsp="yes"',
        "Content-Transfer-Encoding": "base64",
        "To": "夜航船周报 <editor@ferry.example.org>",
        "Message-ID": "…",
        "List-Unsubscribe": "<mailto:editor@ferry.example.org?subject=unsubscribe>",
    }


OWN = "newsletter@ferry.example.org"


@pytest.mark.parametrize(
    ("options", "own", "sender", "to", "reply_to"),
    [
        ({}, "", f"夜航船周报 <{OWN}>", f"夜航船周报 <{OWN}>", None),
        ({"from_": "a@e.org"}, "", "夜航船周报 <a@e.org>", "夜航船周报 <a@e.org>", None),
        ({"from_": "老周 <a@e.org>"}, "b@e.org", "老周 <a@e.org>", "老周 <a@e.org>", "b@e.org"),
        ({"to": "List <l@e.org>"}, "b@e.org", "夜航船周报 <b@e.org>", "List <l@e.org>", None),
        ({"from_": "a@e.org"}, "老周@例子.org", "夜航船周报 <a@e.org>", "夜航船周报 <a@e.org>", None),
    ],
)  # fmt: skip
def test_who_sends_to_whom(
    mail: Make, options: dict[str, str], own: str, sender: str, to: str, reply_to: str | None
) -> None:
    found = mail(newsletter=replace(PUBLICATION, email=own), **options).message
    assert (found["From"], found["To"], found["Reply-To"]) == (sender, to, reply_to)


@pytest.mark.parametrize(
    "newsletter",
    [
        replace(PUBLICATION, email="老周@ferry.example.org"),
        replace(PUBLICATION, email="", base="https://夜航.example.org/"),
        replace(PUBLICATION, email="", base="http://[::1]:8000/"),
    ],
)
def test_an_address_no_server_takes_is_refused(mail: Make, newsletter: object) -> None:
    with pytest.raises(ConfigError, match="cannot be the sender: not every mail server accepts it") as caught:
        mail(newsletter=newsletter)
    assert 'from = "' in caught.value.hint


# ---------------------------------------------------------------------- text


def test_a_flowing_mail_and_a_hard_one_show_the_same(mail: Make) -> None:
    flowing, hard = mail(wrap="flowed"), mail(wrap="hard")
    assert flowing.shown == hard.shown
    assert hard.text == hard.shown.replace("\n", "\r\n")
    assert hard.message["Content-Type"] == 'text/plain; charset="utf-8"'


def test_a_flowing_mail_gives_back_whole_paragraphs(mail: Make) -> None:
    restored = unflowed(mail(wrap="flowed").text.split("\r\n"))
    whole = mail(wrap="none").text.split("\r\n")
    paragraphs = [line for line in whole if line.startswith(("摘要", "他还留着", "【", "注", "    logbook"))]
    assert len(paragraphs) == 10
    assert [line for line in paragraphs if line not in restored] == []


LATIN = "The pilots of the harbour write down the wind, the tide and the names of all on board. " * 3
CHINESE = "港口的引水员每天记下风向、潮位和船上每个人的名字，装订成册，放在灯塔的底层。" * 3


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        (LATIN, True),
        (CHINESE, False),
        ("港の水先案内人は、毎日、風と潮と船に乗っている人の名前を書きとめ、灯台の下に置いている。" * 3, False),
        ("항구의 도선사는 날마다 바람과 조수와 배에 탄 사람들의 이름을 적어 등대 아래에 둔다. " * 3, False),
        ("هذا نص طويل عن الميناء والريح والمد وأسماء من على السفينة، يكتبه المرشد كل يوم في دفتره. " * 3, True),
        (f"{LATIN}（《航海日志》）", True),  # a word or two do not make a text Chinese
        (f"{LATIN} 🚢⚓ ", True),
        (f"{LATIN}{'港口的引水员每天记下风向潮位'}", False),  # where mutt finds no place for a break
        ("用 PyTorch 2.1 在 Raspberry Pi 上跑 Llama 模型，batch size 为 1 时每秒 12 token。" * 3, False),
    ],
)
def test_only_paragraphs_with_spaces_flow_by_default(mail: Make, text: str, flows: bool) -> None:
    """mutt shows flowed Chinese with a + at the start of lines; its hard lines look the same everywhere."""
    made = mail(f"# 夜航船周报 (2024-03-07)\n\n{text}\n")
    assert (made.message.get_param("format") == "flowed") is flows
    assert faults(made.wire) == []
    soft = [line for line in made.text.split("\r\n") if line.endswith(" ") and line != "-- "]
    assert bool(soft) is flows
    assert max(map(count_columns, made.lines)) <= 72


def test_paragraphs_of_both_kinds_in_one_mail(mail: Make) -> None:
    made = mail(f"# 夜航船周报 (2024-03-07)\n\n{CHINESE}\n\n{LATIN}\n")
    lines = made.text.split("\r\n")
    assert made.message.get_param("format") == "flowed"
    assert LATIN.strip() in unflowed(lines)
    hard = lines[next(n for n, line in enumerate(lines) if line.startswith("港口")) :]
    assert "".join(hard[: hard.index("")]) == CHINESE, "no line has a space at its end"


def test_without_wrapping_each_paragraph_is_a_line(mail: Make) -> None:
    lines = mail(wrap="none").lines
    assert any(line.startswith("摘要：旧灯泡") and line.endswith("三成……") for line in lines)


def test_another_width(mail: Make) -> None:
    assert faults(mail(width=50).wire, 50) == []
    assert faults(mail(width=50).wire, 48) != []


# -------------------------------------------------------------- any content


def issue_of(*bullets: str) -> str:
    return "# 夜航船周报 (2024-03-07)\n\n## 论文\n\n" + "\n".join(bullets) + "\n"


MARKS, WIDE = "\u0301\u0304", "甲" * 40
HOSTILE = {
    "sample": SAMPLE,
    "empty": "",
    "one item": issue_of("- [航迹](https://e.org/a)"),
    "sixty items": issue_of(*[f"- [第 {n} 条 | 源](https://e.org/{n})\n摘要：好。" for n in range(60)]),
    "long address": issue_of(f"- [航迹](https://e.org/{'x' * 180})\n摘要：见 https://e.org/{'y' * 180} 。"),
    "brackets in an address": issue_of("- [航迹](https://e.org/a_(b))\n摘要：[甲](https://e.org/c_(d))。"),
    "emoji": issue_of("- [👩‍🔬🏳️‍🌈🇨🇳👍🏽 航迹](https://e.org/a)\n摘要：" + "❤️👩‍👩‍👧" * 40),
    "right to left": issue_of("- [\u202eشراع\u202c سفينة](https://e.org/a)\n摘要：" + "سفينة في البحر " * 20),
    "encoded newline": "# =?UTF-8?Q?=0A?=Bcc: x@e.org (2024-03-07)\n\n- [=?UTF-8?Q?=0D=0A?=](https://e.org/a)\n",
    "controls": issue_of("- [航\x00\x07\x1b[31m迹\u2028\u2029\x85](https://e.org/a)\n摘要：\ufeff\u200b好\x7f。"),
    "a long word": issue_of(f"- [{'x' * 500}](https://e.org/a)\n摘要：{'字' * 300}{'y' * 300}"),
    "marks upon marks": issue_of(f"- [e{MARKS * 400}](https://e.org/a)", f"摘要：{f'o{MARKS}' * 200}"),
    "special lines": issue_of("- [-- ](https://e.org/a)\n摘要：\\> 甲 From 乙\nFrom 丙\n\\-- \n\\>\n."),
    "wide table": issue_of("- [航迹](https://e.org/a)", "", f"| {WIDE} | 乙 |", "| - |", f"| 一 | {WIDE} |"),
    "wide code": issue_of("- [航迹](https://e.org/a)") + "\n```\n\t" + "code\t" * 40 + "\n```\n",
    "deep list": issue_of("- [航迹](https://e.org/a)") + "".join(f"{'    ' * n}- 层\n" for n in range(1, 25)),
}  # fmt: skip


@pytest.mark.parametrize("wrap", ["flowed", "hard"])
@pytest.mark.parametrize("name", HOSTILE)
def test_any_content_makes_a_good_mail(mail: Make, name: str, wrap: str) -> None:
    assert faults(mail(HOSTILE[name], wrap=wrap).wire) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_any_content_is_restored_from_a_flowing_mail(mail: Make, name: str) -> None:
    made = mail(HOSTILE[name])
    flat = "".join(unflowed(made.text.split("\r\n"))).replace(" ", "")
    assert flat == made.shown.replace("\n", "").replace(" ", "")


def test_real_issues_make_good_mails(corpus: Path) -> None:
    for folder in ("issues", "drafts", "other"):
        for path in sorted(corpus.glob(f"{folder}/*.md")):
            issue = parse_issue(decode(path.read_bytes(), path.name), path.name)
            assert faults(Mail(render(issue, Email())).wire) == [], path.name


# ---------------------------------------------------------------- same bytes


def test_the_name_of_a_copy_is_its_own_and_always_the_same(mail: Make) -> None:
    def name(**changes: object) -> str:
        made = mail(to="a@e.org", entry=changes) if changes else mail(to="a@e.org")
        return str(made.message["Message-ID"])

    assert name() == name(title="改了题目")
    assert name().startswith("<2024-03-07.")
    assert name().endswith("@ferry.example.org>")
    names = {
        name(),
        name(id="tag:ferry.example.org,2019:weekly/other"),
        mail(to="b@e.org").message["Message-ID"],
        mail(to="a@e.org", newsletter=replace(PUBLICATION, id="tag:ferry.example.org,2019:daily")).message[
            "Message-ID"
        ],
    }
    assert len(names) == 4


PROGRAM = """
import sys
from tests.channels.email.conftest import SAMPLE, render
from publisher.channels.email import Email
from publisher.reader import parse_issue
sys.stdout.buffer.write(render(parse_issue(SAMPLE, "2024-03-07.md"), Email()).parts[0].body)
"""


@pytest.mark.parametrize(
    "surroundings",
    [
        {"TZ": "America/St_Johns", "PYTHONHASHSEED": "1"},
        {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONHASHSEED": "2"},
        {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "random"},
    ],
)
def test_the_bytes_are_the_same_in_any_surroundings(mail: Make, root: Path, surroundings: dict[str, str]) -> None:
    environment = os.environ | surroundings
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, env=environment, capture_output=True, check=True)
    assert done.stdout == mail().wire


def test_encoded_text_can_be_continued() -> None:
    """Whole lines of base64 hold 57 octets each, so that what goes on there is encoded alone."""
    text = "灯塔" * 100
    first, rest = text.encode()[: 57 * 4], text.encode()[57 * 4 :]
    assert encode_base64_lines(text.encode()) == encoded_bytes(first) + encoded_bytes(rest)


def encoded_bytes(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")
