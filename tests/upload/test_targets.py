"""What is particular to a bucket, to rsync and to a branch, and what is said when they refuse."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.upload.settings import UploadSettings
from publisher.upload.target import MANIFEST, UploadError
from tests.support.uploads import SECRET, BranchPlace, BucketPlace, Place, RsyncPlace, git, list_pages, open_uploader
from tests.upload.conftest import FIRST, SECOND, as_bytes, write_site

OpenPlace = Callable[[str], Place]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "letter"
    write_site(made, FIRST)
    return made


def upload(folder: Path, settings: UploadSettings) -> int:
    return open_uploader(folder, settings).upload(list_pages(folder))


# -------------------------------------------------------------------- a bucket


@pytest.fixture
def bucket(open_place: OpenPlace) -> BucketPlace:
    place = open_place("s3")
    assert isinstance(place, BucketPlace)
    return place


def test_headers_of_objects(folder: Path, bucket: BucketPlace) -> None:
    upload(folder, bucket.settings)
    headers = {key.removeprefix("site/"): headers for key, (_, headers) in bucket.server.objects.items()}
    found = {path: (headers[path]["content-type"], headers[path]["cache-control"]) for path in FIRST}
    assert found["index.html"] == ("text/html; charset=utf-8", "no-cache")
    assert found["feed.xml"] == ("application/rss+xml; charset=utf-8", "public, max-age=3600")
    assert found["images/one.png"] == ("image/png", "public, max-age=86400")
    assert headers[MANIFEST]["cache-control"] == "no-store"


def test_order_of_objects(folder: Path, bucket: BucketPlace) -> None:
    upload(folder, bucket.settings)
    bucket.server.order.clear()
    write_site(folder, SECOND)
    upload(folder, bucket.settings)
    names = [key.replace("site/", "") for key in bucket.server.order if MANIFEST not in key]
    assert {*names[:2]} == {"images/two.png", "style.css"}
    assert names[2:4] == ["2021-02/index.html", "index.html"]
    assert {*names[4:6]} == {"feed.xml", "feed.xml.gz"}
    assert names[6:] == ["-images/one.png"]


def test_a_bucket_that_refuses(folder: Path, bucket: BucketPlace) -> None:
    bucket.server.refuses = True
    with pytest.raises(UploadError) as caught:
        upload(folder, bucket.settings)
    assert caught.value.message.startswith("the bucket did not write its list of files: ")
    assert caught.value.hint == "check the credentials, and what they allow"
    assert caught.value.exit_code == 6
    assert SECRET not in caught.value.message


def test_credentials_of_another_form(folder: Path, bucket: BucketPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_KEY", SECRET)
    with pytest.raises(ConfigError, match="credentials has no key id and secret") as caught:
        upload(folder, bucket.settings)
    assert SECRET not in caught.value.message + caught.value.hint


def test_a_manifest_that_cannot_be_read(folder: Path, bucket: BucketPlace) -> None:
    upload(folder, bucket.settings)
    bucket.add(MANIFEST, b"<html>")
    assert upload(folder, bucket.settings) == len(FIRST)


# ----------------------------------------------------------------------- rsync


@pytest.fixture
def daemon(open_place: OpenPlace) -> RsyncPlace:
    place = open_place("rsync")
    assert isinstance(place, RsyncPlace)
    return place


def test_a_wrong_password(folder: Path, daemon: RsyncPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_KEY", f"{SECRET}x")
    with pytest.raises(UploadError) as caught:
        upload(folder, daemon.settings)
    assert "auth failed" in caught.value.message
    assert SECRET not in caught.value.message


def test_over_ssh(folder: Path, tmp_path: Path, need: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell stands in for ssh: it gets the host and the command."""
    need("rsync")
    shell = tmp_path / "ssh"
    shell.write_text('#!/bin/sh\nwhile [ "$1" != host ]; do shift; done\nshift\nexec sh -c "$*"\n')
    shell.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    settings = UploadSettings("rsync", f"rsync:host:{tmp_path / 'there'}")
    assert upload(folder, settings) == len(FIRST)
    assert (tmp_path / "there" / "index.html").read_bytes() == FIRST["index.html"].encode()
    write_site(folder, SECOND)
    upload(folder, settings)
    assert not (tmp_path / "there" / "images" / "one.png").exists()


def test_no_claim_is_left(folder: Path, daemon: RsyncPlace) -> None:
    upload(folder, daemon.settings)
    assert [path.name for path in (daemon.root / "site" / ".publisher-upload").iterdir()] == ["manifest.json"]


# -------------------------------------------------------------------- a branch


@pytest.fixture
def branch(folder: Path, open_place: OpenPlace) -> BranchPlace:
    place = open_place("git")
    assert isinstance(place, BranchPlace)
    place.link(folder)
    return place


def test_one_commit_for_each_upload(folder: Path, branch: BranchPlace) -> None:
    for files in (FIRST, FIRST, SECOND):
        write_site(folder, files)
        upload(folder, branch.settings)
    assert git(branch.remote, "rev-list", "--count", "site").strip() == b"2"
    assert branch.files() == as_bytes(SECOND)


def test_the_repository_stays_as_it_is(folder: Path, branch: BranchPlace) -> None:
    before = git(folder, "status", "--porcelain")
    upload(folder, branch.settings)
    assert git(folder, "status", "--porcelain").replace(b"?? uploaded.json\n", b"") == before
    assert git(folder, "branch", "--list") == b""


def test_the_branch_of_the_newsletter_itself(folder: Path, branch: BranchPlace) -> None:
    with pytest.raises(ConfigError, match="main is the branch that the newsletter is in"):
        upload(folder, replace(branch.settings, address="git:main"))


def test_no_repository(folder: Path, need: Callable[..., str]) -> None:
    need("git")
    with pytest.raises(UploadError, match="cannot read origin"):
        upload(folder, UploadSettings("git", "git:site"))


def test_a_push_that_the_server_refuses(folder: Path, branch: BranchPlace) -> None:
    hook = branch.remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(UploadError, match="cannot push site"):
        upload(folder, branch.settings)
    hook.unlink()
    assert upload(folder, branch.settings) == len(FIRST)


def test_a_missing_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UploadError, match="rsync is not installed"):
        upload(folder, UploadSettings("rsync", "rsync://127.0.0.1/letter", credentials=Reference()))
