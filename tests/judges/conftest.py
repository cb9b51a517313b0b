"""Sites for the judges to look at, and the judges that come from npm."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.judges.live_preview import LivePreview, find_newest

HERE = Path(__file__).parent
BASE = "https://example.org/letter/"
CONFIG = f"""\
[newsletter]
name = "潮汐观察"
tagline = "海边的每一件小事"
url = "{BASE}{{date}}/"
id = "tag:example.org,2024:letter"
author = "潮汐编辑部"
license = "CC-BY-4.0"
"""


@dataclass(frozen=True)
class Site:
    """A built site: what is in `folder` is served at `base`."""

    base: str
    folder: Path

    @property
    def pages(self) -> list[Path]:
        return sorted(self.folder.rglob("*.html"))

    def address(self, page: Path) -> str:
        return self.base + page.relative_to(self.folder).as_posix().removesuffix("index.html")


@pytest.fixture(scope="session")
def write_letter() -> Callable[[Path, list[Path]], Path]:
    """write_letter(folder, issues) makes a newsletter of these issue files in a folder."""

    def write(folder: Path, issues: list[Path]) -> Path:
        (folder / "issues").mkdir(parents=True)
        (folder / "publisher.toml").write_text(CONFIG, "utf-8")
        for issue in issues:
            shutil.copy(issue, folder / "issues")
        return folder

    return write


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., str]) -> Path:
    """The folder of the newsletter that `publish init` makes, not yet published."""
    folder = tmp_path_factory.mktemp("sample")
    publish("init", "--lang", "zh", "letter", folder=folder)
    return folder / "letter"


@pytest.fixture(scope="session", params=["sample", "real"])
def site(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    write_letter: Callable[[Path, list[Path]], Path],
    publish: Callable[..., str],
) -> Site:
    """A site made by the real command: of the sample issues and those in issues/ here; of real issues."""
    folder = tmp_path_factory.mktemp("site") / "letter"
    if request.param == "sample":
        shutil.copytree(request.getfixturevalue("sample"), folder)
        shutil.copytree(HERE / "issues", folder / "issues", dirs_exist_ok=True)
    else:
        write_letter(folder, sorted((request.getfixturevalue("corpus") / "issues").glob("*.md")))
    publish("--force", folder=folder)  # the newest of the real ones is not finished
    url = tomllib.loads((folder / "publisher.toml").read_text("utf-8"))["newsletter"]["url"]
    built = Site(url.partition("{")[0], folder / "public")
    for page in built.pages:  # pictures are the editor's to put there
        for name in re.findall(rf'src="{built.base}([\w/-]+\.(?:png|jpg))"', page.read_text("utf-8")):
            shutil.copy(HERE / "dot.png", built.folder / name)
    return built


@pytest.fixture(scope="session", params=["en", "ja", "ar"])
def translated_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., str]
) -> Site:
    """The English sample, on pages in one of these languages."""
    folder = tmp_path_factory.mktemp("translated") / "letter"
    publish("init", "--lang", "en", "letter", folder=folder.parent)
    settings = (folder / "publisher.toml").read_text("utf-8")
    settings = re.sub('^lang = ".*"', f'lang = "{request.param}"', settings, flags=re.MULTILINE)
    assert f'lang = "{request.param}"' in settings
    (folder / "publisher.toml").write_text(settings, "utf-8")
    publish("--force", folder=folder)
    url = tomllib.loads(settings)["newsletter"]["url"]
    return Site(url.partition("{")[0], folder / "public")


@pytest.fixture(scope="session")
def node_modules(root: Path, need: Callable[[str], str]) -> Path:
    """The judges named in package.json, installed once into build/judges."""
    npm, wanted = need("npm"), (HERE / "package.json").read_bytes()
    folder = root / "build" / "judges"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        installed = folder / "installed.json"
        if not installed.exists() or installed.read_bytes() != wanted:
            (folder / "package.json").write_bytes(wanted)
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
            subprocess.run([npm, "install", *quiet], cwd=folder, check=True, capture_output=True)
            installed.write_bytes(wanted)
    return folder / "node_modules"


@pytest.fixture(scope="session")
def chromium(need: Callable[[str], str], node_modules: Path) -> Iterator[Callable[..., str]]:
    """chromium("browser.cjs", base, folder, ...) runs one of the scripts here and gives what it printed.

    They all run in one browser: to start it takes longer than to look at a page.
    """
    command = [need("node"), HERE / "run.cjs", need("chromium")]
    environment = os.environ | {"NODE_PATH": str(node_modules)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=environment
    ) as browser:
        assert browser.stdin
        assert browser.stdout
        ask, answers = browser.stdin, browser.stdout

        def run(script: str, *arguments: str | Path) -> str:
            print(json.dumps([script, *map(str, arguments)]), file=ask, flush=True)
            answer = answers.readline()
            assert answer, "node has ended"
            found: dict[str, str] = json.loads(answer)
            assert "error" not in found, found["error"]
            return found["printed"]

        yield run


@pytest.fixture
def letter(sample: Path, tmp_path: Path) -> Path:
    """A copy of the sample newsletter, whose newest issue has an item without a URL, which is a problem."""
    letter = shutil.copytree(sample, tmp_path / "letter")
    issue = find_newest(letter)
    text = issue.read_text("utf-8")
    assert "\n- [一家字体公司公开了三年的改字手记" in text
    issue.write_text(re.sub(r"(\n- \[一家字体公司公开了三年的改字手记[^\]]*\])\([^)]*\)", r"\1()", text), "utf-8")
    return letter


@pytest.fixture
def preview(letter: Path, chromium: Callable[..., str]) -> Iterator[LivePreview]:
    with LivePreview(find_newest(letter), chromium) as running:
        yield running
