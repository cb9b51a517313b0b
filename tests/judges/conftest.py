"""Sites for the judges to look at, and the judges that come from npm."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

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
    """A built site: `base` is served from `folder`, `letter` is the folder it was built from."""

    letter: Path
    base: str = BASE

    @property
    def folder(self) -> Path:
        return self.letter / "public"

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


@pytest.fixture(scope="session", params=["sample", "real"])
def site(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    write_letter: Callable[[Path, list[Path]], Path],
    publish: Callable[..., str],
) -> Site:
    """A site made by the real command: once of made-up issues, once of real ones where they are at hand."""
    if request.param == "sample":
        issues = sorted((HERE / "issues").glob("*.md"))
    else:
        issues = sorted((request.getfixturevalue("corpus") / "issues").glob("*.md"))
    letter = write_letter(tmp_path_factory.mktemp(request.param) / "letter", issues)
    publish(folder=letter)
    built = Site(letter)
    for page in built.pages:  # pictures are the editor's to put there
        for name in re.findall(rf'src="{BASE}([\w/-]+\.(?:png|jpg))"', page.read_text("utf-8")):
            shutil.copy(HERE / "dot.png", built.folder / name)
    return built


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
