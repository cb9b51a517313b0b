"""The live preview: from a save to the paint in Chromium, its start with a large archive, and its memory."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clock import _held

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
JUDGES = ROOT / "build" / "judges" / "node_modules"
EDITS, SAVES = 30, 1_000

Table = Callable[[str, float, str, float], None]


def paints(publish: Path, config: str, work: Path, texts: Sequence[str], table: Table) -> None:
    """Measure edits of the real issues beside the project, or of `texts` without them, in Chromium."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    if not (node and chromium and JUDGES.is_dir()):
        print("  not measured: from a save to its paint, for want of node, Chromium or build/judges (make test)")
        return
    files = [*sorted((CORPUS / "issues").glob("*.md")), *sorted((CORPUS / "newsletters").glob("*/*.m*"))]
    folder = _write(work / "previewed", config, [file.read_text("utf-8") for file in files] or texts)
    issues = [f"issues/{path.name}" for path in sorted((folder / "issues").iterdir())]
    with _preview(publish, folder, issues[0]) as (_, url):
        command = [node, HERE / "preview.cjs", chromium, url, folder, str(EDITS), *issues]
        environment = os.environ | {"NODE_PATH": str(JUDGES)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"the preview was not measured:\n{done.stderr}")
    for kind, moments in zip(("in sight", "all"), zip(*json.loads(done.stdout), strict=True), strict=True):
        times = sorted(moments)
        nearly_all = times[len(times) * 95 // 100]
        print(
            f"  panes {kind}: median {times[len(times) // 2]:.0f} ms, 95 % {nearly_all:.0f}, slowest {times[-1]:.0f} ms"
        )
        if kind == "in sight":
            table("preview, from a save to its paint, 95 of 100", nearly_all, "ms", 150)


def starts(publish: Path, config: str, work: Path, text: Callable[[int], Sequence[str]], table: Table) -> None:
    """Compare the starts with one issue and with 1,000, none of which was read before."""
    times: dict[int, list[float]] = {1: [], 1000: []}
    folders = {number: _write(work / f"start-{number}", config, text(number)) for number in times}
    for _ in range(5):
        for number, folder in folders.items():
            begun = time.perf_counter()
            with _preview(publish, folder, "latest" if number == 1 else f"issues/{_name(number)}"):
                times[number].append(time.perf_counter() - begun)
    one, many = (sorted(times[number])[2] for number in times)
    print(f"  {one * 1000:.0f} ms with one issue, {many * 1000:.0f} ms with 1,000")
    table("preview, start with 1,000 issues instead of one", many / one, "", 1.5)


def memory(publish: Path, config: str, work: Path, texts: Sequence[str], table: Table) -> None:
    """Compare the memory after 1,000 unsaved texts with that after 100."""
    folder = _write(work / "typed", config, texts)
    path = f"issues/{_name(1)}"
    with _preview(publish, folder, path) as (process, url):
        parts = urlsplit(url)
        held = {}
        for number in range(1, SAVES + 1):
            body = json.dumps({"path": path, "text": re.sub("(?m)^# .*", rf"\g<0>第{number}次", texts[0], count=1)})
            state = _send(parts.netloc, f"/buffer?{parts.query}", body)
            while not (f"第{number}次" in state and '"pending":false' in state):
                state = _send(parts.netloc, f"/state?{parts.query}")
            if number in (100, SAVES):
                held[number] = _held(Path(f"/proc/{process.pid}"))
    print(f"  {held[100] / 1e6:.0f} MB after 100 texts, {held[SAVES] / 1e6:.0f} MB after {SAVES:,}")
    table("preview, memory after 1,000 texts instead of 100", held[SAVES] / held[100], "", 1.1)


def _write(folder: Path, config: str, texts: Sequence[str]) -> Path:
    (folder / "issues").mkdir(parents=True)
    tables = "".join(f"[channels.{name}]\n" for name in ("wechat", "telegram", "email"))
    (folder / "publisher.toml").write_text(f"{config}\n{tables}", "utf-8")
    for number, text in enumerate(texts, 1):
        (folder / "issues" / _name(number)).write_text(text, "utf-8")
    return folder


def _name(number: int) -> str:
    return f"{2000 + number // 336}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}.md"


@contextmanager
def _preview(publish: Path, folder: Path, issue: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command until the end of the block; yield its process and its URL."""
    command = [publish, "preview", issue, "--no-open", "--json"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process, _read_result(process)["url"]
    finally:
        process.terminate()  # a program in the background may ignore Ctrl+C
        process.wait(10)


def _read_result(process: subprocess.Popen[str]) -> Any:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            return json.loads("".join(lines))
    raise SystemExit("publish preview did not start")


def _send(host: str, path: str, body: str = "") -> str:
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("POST" if body else "GET", path, body.encode() or None, {"content-type": "application/json"})
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer
