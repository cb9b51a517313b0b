"""The table [publish]: what is an address, and what is refused, with the place in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.toml import TomlDocument
from publisher.upload.settings import UploadSettings, parse_upload


def parse(folder: Path, table: str) -> UploadSettings | None:
    path = folder / "publisher.toml"
    path.write_text(table)
    return parse_upload(TomlDocument(path))


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("s3://letter", "s3"),
        ("s3://letter.example/a/b/", "s3"),
        ("rsync://host/module", "rsync"),
        ("rsync://me@host:8730/module/folder", "rsync"),
        ("rsync:host:folder", "rsync"),
        ("rsync:me@host.example:/var/www/letter", "rsync"),
        ("git:gh-pages", "git"),
        ("git:site/letter", "git"),
    ],
)
def test_addresses(tmp_path: Path, address: str, kind: str) -> None:
    settings = parse(tmp_path, f'[publish]\nupload = "{address}"\n')
    assert settings == UploadSettings(kind, address)


def test_nothing_is_uploaded_without_a_table(tmp_path: Path) -> None:
    assert parse(tmp_path, "") is None


def test_parts() -> None:
    assert UploadSettings("s3", "s3://letter/a/b/").bucket == ("letter", "a/b")
    assert UploadSettings("s3", "s3://letter").bucket == ("letter", "")
    assert UploadSettings("rsync", "rsync://h/m/f").destination == "rsync://h/m/f/"
    assert UploadSettings("rsync", "rsync:me@h:f/").destination == "me@h:f/"
    assert UploadSettings("git", "git:gh-pages").branch == "gh-pages"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('upload = "ftp://host/x"', "2:1: upload is not an address to upload to"),
        ('upload = "s3://"', "2:1: upload is not an address to upload to"),
        ('upload = "s3://Letter_x"', "2:1: upload is not an address to upload to"),
        ('upload = "rsync://host"', "2:1: upload is not an address to upload to"),
        ('upload = "rsync:-oProxyCommand=x:y z"', "2:1: upload is not an address to upload to"),
        ('upload = "rsync:-e:y"', "2:1: upload is not an address to upload to"),
        ('upload = "git:"', "2:1: upload is not an address to upload to"),
        ('upload = "git:--force"', "2:1: upload is not an address to upload to"),
        ('upload = "git:a..b"', "2:1: upload is not an address to upload to"),
        ('upload = "rsync://me:hunter2@host/module"', "2:1: upload must not contain a password"),
        ('upload = "git:x"\nendpoint = "https://e.org"', "3:1: endpoint is for a bucket, and upload is none"),
        ('upload = "s3://xyz"\nendpoint = "e.org"', "3:1: endpoint must be the URL of a server"),
        ('upload = "s3://xyz"\nendpoint = "https://a:b@e.org"', "3:1: endpoint must be the URL of a server"),
        ('upload = "s3://xyz"\npurge = "e.org/{url}"', "3:1: purge must be a URL, with {url} or {path}"),
        ('upload = "s3://xyz"\npurge = "https://e.org/{name}"', "3:1: purge must be a URL, with {url} or {path}"),
        ('upload = "s3://xyz"\npurge = "https://e.org/{"', "3:1: purge must be a URL, with {url} or {path}"),
        ('upload = "s3://xyz"\npurge = "{url}/x"', "3:1: purge must be a URL, with {url} or {path}"),
        ('upload = "git:x"\npurge_header = "env:KEY"', "3:1: purge_header is of no use without purge"),
        (
            'upload = "git:x"\npurge = "https://e.org/"\npurge_header = "AccessKey: hunter2"',
            "4:1: purge_header in [publish] must be a reference to the secret",
        ),
        ('endpoint = "https://e.org"', "2:1: endpoint in [publish] is of no use without upload"),
        (
            'upload = "s3://xyz"\ncredentials = "AKIA:secret"',
            "3:1: credentials in [publish] must be a reference to the secret",
        ),
    ],
)
def test_mistakes(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(tmp_path, f"[publish]\n{table}\n")
    assert caught.value.message.startswith(f"publisher.toml:{message}")
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


def test_a_reference_to_what_purges(tmp_path: Path) -> None:
    settings = parse(tmp_path, '[publish]\nupload = "git:site"\npurge = "file:purge.txt"\n')
    assert settings
    assert isinstance(settings.purge, Reference)
    assert settings.purge == f"file:{tmp_path / 'purge.txt'}"


@pytest.mark.parametrize("purge", ["https://e.org/p?u={url}", "https://e.org/{path}", "https://e.org/purge_cache"])
def test_urls_that_purge(tmp_path: Path, purge: str) -> None:
    table = f'[publish]\nupload = "git:site"\npurge = "{purge}"\npurge_header = "env:KEY"\n'
    assert parse(tmp_path, table) == UploadSettings("git", "git:site", purge=purge, purge_header=Reference("env:KEY"))
