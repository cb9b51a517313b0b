"""Wheel and sdist: one package with its templates, a command that runs, and how it says to install more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest


def run(*command: str | Path, folder: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | (env or {}))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that packaging reads, so that a build does not change the working tree."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("publisher", "channels", "templates"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(root / name, copy)
    return copy


def build(source: Path, kind: str) -> Path:
    """The wheel that pip would install: `kind` is wheel or editable."""
    hook = f"import setuptools.build_meta as backend; backend.build_{kind}({kind!r})"
    run(sys.executable, "-c", hook, folder=source)
    return next((source / kind).glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    return build(source, "wheel")


@pytest.fixture(scope="module")
def sdist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    run(
        sys.executable,
        "-c",
        f"import setuptools.build_meta as backend; backend.build_sdist({str(folder)!r})",
        folder=source,
    )
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of an empty environment without pip; packages are installed from outside."""
    venv.create(tmp_path / "env", with_pip=False)
    return tmp_path / "env" / "bin" / "python"


def install(python: Path, *what: str | Path) -> None:
    """Install from files only. Nothing is compiled, because few of the modules are imported."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", python]
    run(*pip, "install", "--no-compile", "--no-deps", "--no-index", *what, folder=python.parent)


def lend_libraries(python: Path) -> None:
    """Let the environment import the dependencies through their path, which excludes editable installs."""
    line = "import site; print(site.getsitepackages()[0])"
    packages = Path(run(python, "-c", line, folder=python.parent).strip())
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"), "utf-8")


def inside(wheel: Path) -> set[PurePosixPath]:
    with ZipFile(wheel) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


def test_the_wheel_installs_one_package(wheel: Path) -> None:
    tops = {name.parts[0] for name in inside(wheel) if not name.parts[0].endswith(".dist-info")}
    assert tops == {"publisher"}, "channels and templates must go below publisher"


def test_the_wheel_holds_every_file_of_the_source(root: Path, wheel: Path) -> None:
    held = {name.as_posix() for name in inside(wheel)}
    for folder, package in (
        ("publisher", "publisher"),
        ("channels", "publisher/channels"),
        ("templates", "publisher/templates"),
    ):
        for file in (root / folder).rglob("*"):
            if (
                file.is_file()
                and "__pycache__" not in file.parts
                and not (file.suffix == ".md" and file.stem.isupper())
            ):
                assert f"{package}/{file.relative_to(root / folder).as_posix()}" in held
    assert not any(name.endswith("README.md") for name in held)


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_installed_it_runs(kind: str, source: Path, python: Path, tmp_path: Path) -> None:
    install(python, build(source, kind))
    lend_libraries(python)
    version = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert version in run(python.parent / "publish", "--version", folder=tmp_path)
    assert version in run(python, "-m", "publisher", "--version", folder=tmp_path)
    files = "import publisher.channels as c, publisher.templates as t; print(c.__file__, t.__file__)"
    for file in run(python, "-c", files, folder=tmp_path).split():
        assert Path(file).is_relative_to(source if kind == "editable" else tmp_path)


def test_the_sdist_makes_the_same_wheel(sdist: Path, wheel: Path) -> None:
    assert inside(build(sdist, "wheel")) == inside(wheel)
    assert not (sdist / "tests").exists()


# ------------------------------------------------------------- where it is installed


def try_out(publish: Path, folder: Path) -> None:
    """Make a sample newsletter with the installed command and publish it: that takes every template."""
    run(publish, "init", "letter", folder=folder, env={"LC_ALL": "C.UTF-8"})
    run(publish, folder=folder / "letter")
    for name in ("index.html", "subscribe.html", "feed.xml", "atom.xml", "feed.json"):
        assert (folder / "letter" / "public" / name).stat().st_size > 500


def find_hint(python: Path, folder: Path) -> str:
    code = "from publisher.installation import install_command; print(install_command('dkim'))"
    return run(python, "-c", code, folder=folder).strip()


def test_a_wheel_without_the_source_publishes_the_sample(wheel: Path, python: Path, tmp_path: Path) -> None:
    install(python, wheel)
    lend_libraries(python)
    try_out(python.parent / "publish", tmp_path)
    expected = f"{python} -m pip install 'newsletter-publisher[dkim] @ {wheel.as_uri()}'"
    assert find_hint(python, tmp_path) == expected


def test_from_an_index_the_name_is_enough(wheel: Path, python: Path, tmp_path: Path) -> None:
    install(python, "--find-links", wheel.parent, "newsletter-publisher")
    lend_libraries(python)
    assert find_hint(python, tmp_path) == f"{python} -m pip install 'newsletter-publisher[dkim]'"


def test_from_a_checkout_the_folder_is_named(source: Path, python: Path, tmp_path: Path) -> None:
    install(python, build(source, "editable"))
    # what pip itself writes for --editable, which would need an index for the build
    record = next(python.parents[1].glob("lib/*/site-packages/newsletter_publisher-*.dist-info"))
    (record / "direct_url.json").write_text(f'{{"url": "{source.as_uri()}", "dir_info": {{"editable": true}}}}')
    lend_libraries(python)
    assert find_hint(python, tmp_path) == f"{python} -m pip install --editable '{source}[dkim]'"


def find_program(name: str) -> str:
    path = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if not path:
        pytest.skip(f"{name} is not installed")
    return path


def test_uv_tool_install(wheel: Path, tmp_path: Path) -> None:
    """Without a package index: every dependency is overridden by nothing, and lent from outside."""
    uv = find_program("uv")
    dependencies = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"][
        "dependencies"
    ]
    names = [match[0] for line in dependencies if (match := re.match(r"[\w.-]+", line))]
    (tmp_path / "none.txt").write_text("".join(f'{name} ; python_version < "1"\n' for name in names))
    folders = {name: str(tmp_path / name) for name in ("UV_TOOL_DIR", "UV_TOOL_BIN_DIR", "UV_CACHE_DIR")}
    options = [
        "--no-config",
        "--offline",
        "--no-index",
        "--overrides",
        tmp_path / "none.txt",
        "--python",
        sys.executable,
    ]
    run(uv, "tool", "install", *options, wheel, folder=tmp_path, env=folders)
    python = tmp_path / "UV_TOOL_DIR" / "newsletter-publisher" / "bin" / "python"
    lend_libraries(python)
    try_out(tmp_path / "UV_TOOL_BIN_DIR" / "publish", tmp_path)
    hint = find_hint(python, tmp_path)
    assert re.fullmatch(r"uv tool install --force 'newsletter-publisher\[[a-z,]*dkim[a-z,]*\] @ file://\S+\.whl'", hint)


def test_pipx_install(wheel: Path, tmp_path: Path) -> None:
    """With a package index: pipx wants to see the dependencies."""
    pipx = find_program("pipx")
    folders = {name: str(tmp_path / name) for name in ("PIPX_HOME", "PIPX_BIN_DIR")}
    done = subprocess.run([pipx, "install", wheel], capture_output=True, text=True, env=os.environ | folders)
    if done.returncode and re.search(
        "No matching distribution|Could not find|error sending request|No solution", done.stderr
    ):
        pytest.skip("pipx needs a package index")
    assert done.returncode == 0, done.stderr
    try_out(tmp_path / "PIPX_BIN_DIR" / "publish", tmp_path)
    python = tmp_path / "PIPX_HOME" / "venvs" / "newsletter-publisher" / "bin" / "python"
    assert find_hint(python, tmp_path) == f"pipx install --force 'newsletter-publisher[dkim] @ {wheel.as_uri()}'"
