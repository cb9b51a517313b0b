"""Sending mail, against smtp-source, which comes with Postfix and makes nothing but load: as many mails of
the same size over as many connections, to the same smtp-sink."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from clock import Job, in_turn, peak_memory
from issues import LAST

SINK, SOURCE = Path("/usr/sbin/smtp-sink"), Path("/usr/sbin/smtp-source")
MANY, SLOW, MEMORY = 10_000, 500, 100_000
_SETTINGS = """
[channels.email]
from = "editor@example.org"
server = "smtp://127.0.0.1:{port}"
recipients = "readers.txt"
connections = {connections}
"""

Table = Callable[[str, float, str, float], None]


def mail(bare: Job, publish: Path, config: str, issue: str, work: Path, table: Table) -> None:
    """Print how fast mails leave, and what a long list costs; `bare` is a process that does nothing."""
    if not SINK.exists():
        print("  no mail: postfix is not installed")
        return
    with _sink() as port:
        folder = _newsletter(work / "mail", config, issue, port, MANY, 10)
        ours = Job([publish, "--channel", "email", "--yes"], folder, lambda: _forget(folder))
        ours.run()
        file = _mail_of(folder, publish)
        to = ["-f", "editor@example.org", "-t", "reader@example.net", f"127.0.0.1:{port}"]
        source = Job([SOURCE, "-4", "-s", "10", "-d", "-m", str(MANY), "-F", file, *to], work)
        ours.times.clear()
        in_turn(3, source, ours)
        print(f"  Q    {MANY / source.median:>9.0f} mails a second\n  ours {MANY / ours.median:>9.0f}")
        table(f"{MANY:,} mails over ten connections", ours.median / source.median, "Q", 1 / 0.6)

        folder = _newsletter(work / "list", config, issue, port, MEMORY, 10)
        long = Job([publish, "--channel", "email", "--yes"], folder)
        more = peak_memory(long) - peak_memory(bare)
        table(f"{MEMORY:,} readers: memory beyond bare Python", more / 1e6, "MB", 80)
    with _sink("-w", "1") as port:
        folder = _newsletter(work / "slow", config, issue, port, SLOW, 50)
        slow = Job([publish, "--channel", "email", "--yes"], folder, lambda: _forget(folder))
        slow.run()
        table("a mail over fifty slow connections, of 1/45 s", 45 * slow.median / SLOW, "", 1)


def _newsletter(folder: Path, config: str, issue: str, port: int, readers: int, connections: int) -> Path:
    (folder / "issues").mkdir(parents=True)
    settings = config + _SETTINGS.format(port=port, connections=connections)
    (folder / "publisher.toml").write_text(settings, "utf-8")
    (folder / "issues" / f"{LAST}.md").write_text(issue, "utf-8")
    recipients = folder / "readers.txt"
    recipients.write_text("".join(f"reader{n}@example.net\n" for n in range(readers)))
    os.utime(recipients, (0, 0))  # a new list would be waited for
    return folder


def _forget(folder: Path) -> None:
    shutil.rmtree(folder / ".publisher", ignore_errors=True)


def _mail_of(folder: Path, publish: Path) -> Path:
    """The mail as a file, with line ends as smtp-source wants them."""
    copy = folder / "copy"
    subprocess.run([publish, "--channel", "email", "--out", copy], cwd=folder, check=True, capture_output=True)
    (made,) = copy.rglob("message.eml")
    made.write_bytes(made.read_bytes().replace(b"\r\n", b"\n"))
    return made


@contextmanager
def _sink(*options: str) -> Iterator[int]:
    """The port of an smtp-sink on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen([SINK, *user, *options, f"127.0.0.1:{port}", "1024"])
    try:
        time.sleep(0.5)
        yield port
    finally:
        process.terminate()
        process.wait()
