"""Issues that no editor would write."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from itertools import cycle

import pytest

from publisher.model import (
    Block,
    Blocks,
    Break,
    Brief,
    Code,
    CodeBlock,
    Em,
    Field,
    Figure,
    Guide,
    Image,
    Inline,
    Inlines,
    Issue,
    Item,
    Link,
    List,
    Mark,
    Note,
    Paragraph,
    Quote,
    Rule,
    Section,
    Strike,
    Strong,
    Sub,
    Sup,
    Table,
    Text,
    Title,
    Underline,
    Warmup,
)
from publisher.transforms import make_publishable

# what is taken for a link, what must be escaped, what does not arrive, what must not be torn apart
WORDS = """
    README.md main.rs ASP.NET socket.io x.ai Node.js https://e.org/a，然后 http://1.5倍 www.x.com/a.b?c=d#e
    官网.在线 a.भारत x.भारत ~x.com x@1.5b C++ C#语言 #大模型 ①#abc ##a @user @@a foo@bar.com mailto:a@b.com
    /start /GPU //x a/b $USD $$A 10.0.0.1 1.2.3.4.5.6 4111~1111~1111~1111 62220212345678901 tg://abc ton://x
    :// . .. … <script> a<b </b> &nbsp; &amp; " ' ( ) * _x_ ` [x](y) 1. • —— 。 ； ！ ， ： 汉字 模型压缩
    Hello world, é a\u030a \u0333 ﬁ 𝕏 😀 👨\u200d👩\u200d👧 🇨🇳🇨🇳 👍🏽 \x00 \x0b \ud800 \u202e \u200e\u200f
    \u200f \u2028 \u2060 \u3000 \u200b \xa0 \ufeff
""".replace("~1", "\t1").split(" ")
URLS = (
    "https://e.org/a", 'https://e.org/a?b=c&d="e"', "http://x.org", "https://mp.weixin.qq.com/s/abc",
    "https://github.com/a/b", "https://arxiv.org/abs/2101.00001", "javascript:alert(1)", "mailto:a@b.com",
    "mailto:x@y.org?subject=1", "ftp://x.y/z", "tel:123", "https://localhost/x", "//host/x", "rel/path",
    "https://e.org:99999/", "https://e.org:0/", "https://[::1]/a", "https://例子.中国/路", "#frag", "",
    "https://e.org/" + "x" * 3000, "https://e.org/" + "y" * 9000, "https://", "https://.", "https://a%zz.com",
    "https://u:p@e.org/x", "HTTPS://E.ORG/A", "https://e.org/a)b(", "https://e.org/\x00", "https://e_x.org",
    "tg://resolve?domain=a",
)  # fmt: skip


class Author:
    """Writes issues at random, the same for the same seed; one in forty of them is a monster."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.monster = self.random.random() < 0.025

    def issue(self) -> Issue:
        choose = self.random.random
        return Issue(
            "id",
            dt.date(2024, 5, 20),
            Title((Text("潮汐"),), "潮汐", "2024-05-20"),
            self.inlines(),
            Guide(self.blocks(), self.word()) if choose() < 0.5 else None,
            Warmup(self.blocks(), tuple(Brief(self.inlines(), "", self.blocks()) for _ in range(3)))
            if choose() < 0.4
            else None,
            tuple(self.section() for _ in range(self.random.randrange(5))),
            notes=self.notes(),
            footer=self.blocks(),
        )

    def text(self) -> str:
        count = self.random.choice([1, 5, 200, 1000] if self.monster else [0, 1, 2, 3, 8])
        return "".join(self.word() + self.random.choice(["", "", " "]) for _ in range(count))

    def word(self) -> str:
        return self.random.choice(WORDS)

    def url(self) -> str:
        return self.random.choice(URLS)

    def inlines(self, depth: int = 0) -> Inlines:
        return tuple(self.inline(depth) for _ in range(self.random.choice([0, 1, 1, 2, 4])))

    def inline(self, depth: int) -> Inline:
        kind = self.random.randrange(12) if depth < 3 else 0
        if kind < 5:
            return Text(self.text())
        styles = (Strike, Underline, Mark, Sup, Sub)
        return [
            lambda: self.random.choice(styles)(self.inlines(depth + 1)),
            lambda: self.random.choice(styles)((Text(self.random.choice(["9", "-3", "n+1"])),)),
            lambda: Strong(self.inlines(depth + 1)),
            lambda: Em(self.inlines(depth + 1)),
            lambda: Code(self.word()),
            lambda: Link(self.inlines(depth + 1), self.url()),
            lambda: self.random.choice([Break(), Image(self.url(), self.word())]),
        ][kind - 5]()

    def blocks(self, depth: int = 0) -> Blocks:
        return tuple(self.block(depth) for _ in range(self.random.choice([0, 1, 2])))

    def block(self, depth: int = 0) -> Block:
        kind = self.random.randrange(9) if depth < 3 else 0
        if kind < 3:
            return Paragraph(self.inlines())
        some = range(self.random.randrange(4))
        return [
            lambda: List(tuple(self.blocks(depth + 1) for _ in some), kind % 2 == 0, 3),
            lambda: Quote(self.blocks(depth + 1)),
            lambda: CodeBlock(self.text(), self.random.choice(["", "py", "c++", 'a"b<', "rs,ignore x"])),
            lambda: Table((self.inlines(), ()), tuple((self.inlines(), self.inlines()) for _ in some)),
            lambda: Figure(Image(self.url(), self.word()), self.random.choice([None, self.url()])),
            lambda: Rule(),
        ][kind - 3]()

    def notes(self) -> tuple[Note, ...]:
        return tuple(Note("other", self.inlines()) for _ in range(self.random.randrange(2)))

    def section(self) -> Section:
        count = self.random.choice([0, 1, 2, 3, 6, 20 if self.monster else 4])
        content = tuple(self.item() if self.random.random() < 0.7 else self.block() for _ in range(count))
        return Section(self.inlines(), self.random.randrange(1, 7), self.notes(), content)

    def item(self) -> Item:
        some = self.random.randrange(3)
        kinds = ("summary", "paper", "code")
        return Item(
            title=self.inlines(),
            id="i",
            url=self.random.choice([None, self.url(), self.url()]),
            tags=tuple(self.word() for _ in range(some)),
            repo=self.random.choice([None, "a/b"]),
            arxiv=self.random.choice([None, "2101.00001"]),
            source=self.random.choice([None, self.word()]),
            authors=tuple(self.word() for _ in range(some)),
            extras=tuple(Link(self.inlines(1), self.url()) for _ in range(self.random.choice([0, 0, 2]))),
            tail=self.inlines(),
            fields=tuple(
                Field(self.word(), self.random.choice(kinds), self.inlines(), self.url()) for _ in range(some)
            ),
            body=self.blocks(),
        )


@pytest.mark.parametrize("hundred", range(10))
def test_whatever_the_issue(hundred: int, send: Callable, accepted: Callable) -> None:
    details = cycle(("summaries", "full", "titles"))
    for seed in range(100 * hundred, 100 * hundred + 100):
        author = Author(seed)
        issue = author.issue()
        try:
            accepted(send(make_publishable(issue), detail=next(details), title=author.text()))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def test_the_author_writes_monsters() -> None:
    lengths = [len(repr(Author(seed).issue())) for seed in range(200)]
    assert max(lengths) > 50_000
    assert sorted(lengths)[100] < 20_000
