"""Where the site is uploaded to: the table [publish] of publisher.toml, validated."""

from __future__ import annotations

import re
from string import Formatter

from msgspec import Struct

from publisher.credentials import Reference, is_reference, locate_file
from publisher.errors import ConfigError
from publisher.keys import PublishKeys
from publisher.toml import TomlDocument

_FORMS = {
    "s3": r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]+)(?:/(?P<prefix>[^\s?#]*))?",
    "rsync": r"rsync://(?![^/]*:[^/]*@)[^\s/]+/\S+|rsync:(?:\w[\w.-]*@)?\w[\w.-]*:[^\s:]\S*",
    "git": r"git:(?P<branch>(?![-/.])(?!.*(?:\.\.|//|@\{|\.lock$))[\w./-]+(?<![/.]))",
}
_HINT = 'like upload = "s3://bucket/folder", "rsync://host/module/folder", "rsync:host:folder" or "git:gh-pages"'
_PURGE_FIELDS = {"url", "path"}
_PURGE_HINT = (
    'like purge = "https://cdn.example.org/purge?url={url}"; {path} is the address without the host; without both, the '
    "addresses are sent as JSON"
)
_HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+:[ \t]*[!-~](?:[ -~]*[!-~])?"


class UploadSettings(Struct, frozen=True):
    """A validated target.

    `kind` is s3, rsync or git, and `address` the whole value. `endpoint` is the URL of an S3-compatible server.
    `credentials` leads to "KEY_ID:SECRET" for S3, or to the password of an rsync daemon. `purge` is a URL template, or
    a reference to one, and `purge_header` leads to "NAME: VALUE".
    """

    kind: str
    address: str
    endpoint: str = ""
    credentials: Reference = Reference()
    purge: str = ""
    purge_header: Reference = Reference()

    @property
    def bucket(self) -> tuple[str, str]:
        """The name of the bucket, and the folder in it without slashes at its ends."""
        match = re.fullmatch(_FORMS["s3"], self.address)
        assert match
        return match["bucket"], (match["prefix"] or "").strip("/")

    @property
    def destination(self) -> str:
        """The destination as rsync has it on its command line, with a slash at its end."""
        is_url = self.address.startswith("rsync://")
        return (self.address if is_url else self.address.partition(":")[2]).rstrip("/") + "/"

    @property
    def branch(self) -> str:
        """The branch, without `git:`."""
        return self.address.partition(":")[2]


def parse_upload(document: TomlDocument) -> UploadSettings | None:
    """Return the table [publish]; None if nothing is uploaded. Raises ConfigError, with line and column."""
    keys = document.decode(("publish",), PublishKeys)
    if not keys.upload:
        for name in document.table("publish"):
            raise document.error(("publish", name), f"{name} in [publish] is of no use without upload", _HINT)
        return None
    with document.locate_errors("publish", "upload"):
        kind = _find_kind(keys.upload)
    with document.locate_errors("publish", "endpoint"):
        _validate_endpoint(keys.endpoint, kind)
    purge = keys.purge
    with document.locate_errors("publish", "purge"):
        if is_reference(purge):
            purge = Reference(locate_file(purge, document.path.parent))
        elif purge:
            validate_purge(purge)
    if keys.purge_header and not purge:
        raise document.error(("publish", "purge_header"), "purge_header is of no use without purge", _PURGE_HINT)
    return UploadSettings(kind, keys.upload, keys.endpoint, keys.credentials, purge, keys.purge_header)


def _find_kind(address: str) -> str:
    """Return the kind of a target. Raises ConfigError, without the address: it may have a password."""
    for kind, form in _FORMS.items():
        if re.fullmatch(form, address):
            return kind
    if re.match(r"\w+://[^/]*:[^/]*@", address):
        raise ConfigError("upload must not contain a password", 'write it elsewhere: credentials = "env:NAME"')
    raise ConfigError("upload is not an address to upload to", _HINT)


def _validate_endpoint(endpoint: str, kind: str) -> None:
    """Raise ConfigError if this is not the URL of a server, or the target is no bucket."""
    if endpoint and kind != "s3":
        raise ConfigError("endpoint is for a bucket, and upload is none", "remove endpoint")
    if endpoint and not re.fullmatch(r"https?://[^\s/@]+(/[^\s@]*)?", endpoint):
        raise ConfigError("endpoint must be the URL of a server", 'like endpoint = "https://s3.example.org"')


def validate_purge(template: str) -> None:
    """Raise ConfigError unless this is a URL, in which only places for the address are left open."""
    try:
        fields = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError:
        fields = {template}
    if not (re.match(r"https?://[^\s/{}]+/", template) and fields <= _PURGE_FIELDS):
        raise ConfigError("purge must be a URL, with {url} or {path}", _PURGE_HINT)


def is_purge_header(text: str) -> bool:
    """Return whether this is a header as of RFC 9110, section 5: `NAME: VALUE`."""
    return re.fullmatch(_HEADER, text) is not None
