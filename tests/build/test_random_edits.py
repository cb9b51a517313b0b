"""Whatever is done to the files of a newsletter: what is published is what a run without a cache makes of them."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.theme import Theme
from tests.support.command_server import Done, run_command
from tests.support.newsletter import write_settled

SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"

[channels.rss]
entries = 3
items = true
sections = true

[channels.telegram]
chat = "@slow"
send = false

[channels.wechat]

[channels.email]
from = "N <n@e.org>"
"""
OTHER_SETTINGS = (
    ("entries = 3", "entries = 4"),
    ("items = true", "items = false"),
    ("sections = true", "sections = false"),
    ("@slow", "@fast"),
    ("慢刊", "快刊"),
    ("[channels.wechat]", '[channels.wechat]\nauthor = "Wen"'),
    ("N <n@e.org>", "M <n@e.org>"),
    ("\n\n[channels.rss]", '\ntagline = "每周一篇"\n\n[channels.rss]'),
    ("\n\n[channels.rss]", '\nlang = "en"\n\n[channels.rss]'),
    ("\n\n[channels.rss]", '\n\n[schedule]\nat = "08:00"\n\n[channels.rss]'),
)
TEMPLATES = ("style.css", "feed.css", "layout.html", "issue.html", "issues.html", "wechat-preview.html")
OPENINGS = (
    "",
    "这里每周介绍一些有意思的工具和文章，欢迎投稿和推荐。",
    "本期编辑休假，由读者代为整理这份清单，谢谢他们。",
)
STEPS = 9
BUILT_IN = Theme.load()


class Editor:
    """Edits a newsletter of some ten issues of four years at random."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.chance = random.Random(seed)
        self.log: list[str] = []
        (root / "issues").mkdir(parents=True)
        (root / "publisher.toml").write_text(SETTINGS, "utf-8")
        for _ in range(10):
            self.add()

    @property
    def issues(self) -> list[Path]:
        return sorted((self.root / "issues").glob("*.md"))

    def pick(self) -> Path:
        return self.chance.choice(self.issues)

    def date(self) -> str:
        year = self.chance.randint(2018, 2021)
        return f"{year}-{self.chance.randint(1, 12):02}-{self.chance.randint(1, 28):02}"

    def write(self, path: Path, *head: str, body: str = "") -> None:
        """Write an issue, with new words or the same body."""
        front = "".join(f"{line}\n" for line in head)
        write_settled(path, f"---\n{front}---\n{body or self.invent_body()}")

    def invent_body(self) -> str:
        lines = [f"# 慢刊：第{self.chance.randint(1, 99)}题", self.chance.choice(OPENINGS)]
        for section in self.chance.sample(("新闻", "工具", "文章"), 2):
            number = self.chance.randint(1, 9)
            lines += [f"## {section}", f"- [条目 {number}](https://e.org/{number})\n  摘要：写于 {number}。"]
        if self.chance.random() < 0.5 and (others := self.issues):
            lines.append(f"上次见[这里]({self.chance.choice(others).name})。")
        return "\n\n".join(filter(None, lines)) + "\n"

    def split(self, path: Path) -> tuple[list[str], str]:
        _, head, body = path.read_text("utf-8").split("---\n", 2)
        return head.splitlines(), body

    def set_head(self, line: str) -> None:
        """Give an issue this line as its front matter, and leave its body."""
        path = self.pick()
        _, body = self.split(path)
        self.write(path, line, body=body)

    # ---------------------------------------------------------------- edits

    def add(self) -> None:
        date = self.date()
        self.write(self.root / "issues" / f"{date}.md")

    def add_with_the_same_page(self) -> None:
        path = self.pick()
        self.write(path.with_name(f"{path.stem[:10]}-b.md"), f"date: {path.stem[:10]}")

    def change(self) -> None:
        path = self.pick()
        head, _ = self.split(path)
        self.write(path, *head)

    def change_newest(self) -> None:
        head, _ = self.split(self.issues[-1])
        self.write(self.issues[-1], *head)

    def revert(self) -> None:
        """Write an issue and undo it after a run that was killed."""
        path = self.pick()
        text = path.read_text("utf-8")
        self.change()
        self.die()
        write_settled(path, text)

    def remove(self) -> None:
        if len(self.issues) > 4:
            self.pick().unlink()

    def rename(self) -> None:
        path = self.pick()
        path.rename(path.with_name(f"{self.date()}.md"))

    def redate(self) -> None:
        self.set_head(f"date: {self.date()}")

    def redate_to_the_future(self) -> None:
        self.set_head("date: 2990-01-01")

    def draft(self) -> None:
        path = self.pick()
        head, body = self.split(path)
        head.remove("draft: true") if "draft: true" in head else head.append("draft: true")
        self.write(path, *head, body=body)

    def give_alias(self) -> None:
        self.set_head(f"aliases: /old/{self.chance.randint(1, 3)}/")

    def give_feed_id(self) -> None:
        self.set_head(f"feed_id: https://old.e.org/{self.chance.randint(1, 3)}")

    def adopt_feed_ids(self) -> None:
        ids = {path.stem: f"https://older.e.org/{path.stem}" for path in self.chance.sample(self.issues, 2)}
        (self.root / ".publisher/feed_ids.json").write_text(json.dumps(ids), "utf-8")

    def touch(self) -> None:
        for path in self.chance.sample(self.issues, 3):
            seconds = 1_500_000_000 + self.chance.randint(1, 10**6)
            os.utime(path, (seconds, seconds))

    def change_templates(self) -> None:
        folder, name = self.root / "templates", self.chance.choice(TEMPLATES)
        folder.mkdir(exist_ok=True)
        words = f"is-{self.chance.randint(1, 9)}"
        text = BUILT_IN.text(name).replace("margin", f"/* {words} */ margin").replace("<a ", f'<a id="{words}" ')
        (folder / name).write_text(text, "utf-8")

    def restore_templates(self) -> None:
        shutil.rmtree(self.root / "templates", ignore_errors=True)

    def change_settings(self) -> None:
        text = SETTINGS
        for old, new in self.chance.sample(OTHER_SETTINGS, self.chance.randint(0, 3)):
            text = text.replace(old, new)
        (self.root / "publisher.toml").write_text(text, "utf-8")

    def forget_corrections(self) -> None:
        """Also change an issue: while nothing changes, pages keep the times that they have."""
        (self.root / ".publisher/revisions.json").unlink(missing_ok=True)
        self.change()

    def lose_a_file(self) -> None:
        files = sorted(path for path in (self.root / "public").rglob("*") if path.is_file())
        if files:
            self.chance.choice(files).unlink()

    def publish_a_part(self) -> None:
        publish(self.root, "--channel", self.chance.choice(("rss", "web")))

    def die(self) -> None:
        """End a run in the middle of its work."""
        publish(self.root, failpoint=f"replaced:kill:{self.chance.randint(1, 20)}")

    def edit(self) -> None:
        """Do something of all that."""
        edits: list[Callable[[], None]] = [
            self.add, self.add_with_the_same_page, self.change, self.change_newest, self.revert, self.remove,
            self.rename, self.redate, self.redate_to_the_future, self.draft, self.give_alias, self.give_feed_id,
            self.adopt_feed_ids, self.touch, self.change_templates, self.restore_templates, self.change_settings,
            self.change_settings, self.forget_corrections, self.lose_a_file, self.publish_a_part, self.die,
        ]  # fmt: skip
        edit = self.chance.choice(edits)
        edit()
        self.log.append(edit.__name__)


def publish(root: Path, *words: str, failpoint: str = "") -> Done:
    env = {**os.environ, "PUBLISHER_FAILPOINT": failpoint, "XDG_CACHE_HOME": str(root.parent / "cache")}
    return run_command(["--again", "--accept-new-id", "--force", *words], root, env)


def read_site(root: Path) -> dict[str, bytes]:
    found = [path for folder in ("public", "outbox") for path in sorted((root / folder).rglob("*"))]
    return {str(path.relative_to(root)): path.read_bytes() for path in found if path.is_file()}


def publish_from_nothing(editor: Editor) -> tuple[Done, dict[str, bytes]]:
    """Publish a copy of the newsletter that has neither a cache nor pages, only the cards, which take long to draw."""
    copy = editor.root.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(editor.root, copy, ignore=shutil.ignore_patterns("cache", "public", "outbox"))
    if (editor.root / "public/cards").exists():
        shutil.copytree(editor.root / "public/cards", copy / "public/cards")
    return publish(copy), read_site(copy)


@pytest.mark.parametrize("seed", range(int(os.environ.get("RANDOM_EDITS", "2"))))
def test_what_is_published_after_any_edits_is_as_from_nothing(tmp_path: Path, seed: int) -> None:
    editor = Editor(tmp_path / "letter", seed)
    publish(editor.root)
    for _ in range(STEPS):
        for _ in range(editor.chance.randint(1, 3)):
            editor.edit()
        done = publish(editor.root)  # first, as it records the times of corrections
        fresh, expected = publish_from_nothing(editor)
        assert done.code == fresh.code, (editor.log, done, fresh)
        if done.code == 0:
            site = read_site(editor.root)
            differing = [name for name in expected if site.get(name) != expected[name]]
            assert not differing, editor.log
