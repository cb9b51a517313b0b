"""How fast publisher is, against bare Python, Pelican and Hugo, all measured in one run: `make bench`.

S is a bare start of the same Python. P and H are Pelican and Hugo building the same issues: a page each, an index,
one full-content feed. T is the same command with 1,000 issues. R is the parse of an issue, Q smtp-source sending as
many mails over as many connections, B bare SQLite that notes as many deliveries. Every number printed is a median, and
rivals take turns. Of two numbers, the first is processor time and the second time by the clock. Ends with 1 if a row
misses its limit.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import archive
import deliveries
import issues
import mail
import preview
import rivals
from clock import Job, in_turn
from report import MISSES, table

sys.path.append(str(Path(__file__).parents[2]))  # for tests.support
PYTHON = Path(sys.executable)
PUBLISH = PYTHON.with_name("publish")


def newsletters(bare: Job, work: Path) -> None:
    archive.measure(PUBLISH, bare, work)


def one_parse(bare: Job, work: Path) -> None:
    import renderings

    parts = dict(renderings.costs([text for _, text in issues.issues(20, 7)]))
    writer = parts.pop("text writer")
    for name, part in parts.items():
        print(f"  {name:<12} {part:>6.2f} parses")
    table("an issue, everything after the parse for all channels", sum(parts.values()), "R", 0.5)
    table("an issue, the text writer", writer, "R", 0.3)


def social_cards(bare: Job, work: Path) -> None:
    import cards

    cards.cards(issues.NAME, issues.issues(20, 7), table)


def mails(bare: Job, work: Path) -> None:
    [(_, issue)] = issues.issues(1, 7)
    mail.mail(bare, PUBLISH, archive.CONFIG, issue, work, table)


def hostile(bare: Job, work: Path) -> None:
    """Issues of 1 MB that once took minutes, by all channels; and one above the limit, which is not read."""
    letter = archive.Newsletter(PUBLISH, work / "hostile", 1, 7)
    tables = "".join(f"[channels.{channel}]\n" for channel in archive.CHANNELS[2:])
    rivals.write(
        letter.folder / "publisher.toml", f'{archive.CONFIG}\n{tables}from = "{issues.NAME} <n@example.org>"\n'
    )
    letter.publish().run()
    file = letter.issues[-1]
    start = f"# {issues.NAME} ({file.stem})\n\n- [a](https://example.org/)\n  "
    for kind, part in issues.HOSTILE.items():
        rivals.write(file, start + part * (1_000_000 // len(part.encode())))
        check = Job([PUBLISH, "check", file.stem], letter.folder, codes=(0, 1))  # it finds much to say
        publish = letter.publish(
            file.stem, "--yes", "--force", *(f"--channel={channel}" for channel in archive.CHANNELS)
        )
        seconds = check.run() + publish.run()
        table(f"1 MB of {kind}, checked and published", seconds, "s", 60)
    rivals.write(file, start + "word " * 2_000_000)
    refused = Job([PUBLISH, "check", file.stem], letter.folder, codes=(1,))
    in_turn(5, bare, refused)
    table("an issue of 10 MB, refused", refused.median / bare.median, "S", 12)


def ledgers(bare: Job, work: Path) -> None:
    deliveries.sqlite(work, table)
    deliveries.postgres(table)


def live_preview(bare: Job, work: Path) -> None:
    def texts(number: int) -> list[str]:
        return [text for _, text in issues.issues(number, 7)]

    preview.paints(PUBLISH, archive.CONFIG, work, texts(20), table)
    preview.starts(PUBLISH, archive.CONFIG, work, texts, table)
    preview.memory(PUBLISH, archive.CONFIG, work, texts(20), table)


def main() -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        work = Path(folder)
        for part in (newsletters, one_parse, social_cards, hostile, ledgers, mails, live_preview):
            part(Job([PYTHON, "-c", "pass"], work), work)
    if MISSES:
        raise SystemExit(f"missed: {', '.join(MISSES)}")


if __name__ == "__main__":
    main()
