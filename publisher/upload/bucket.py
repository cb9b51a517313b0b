"""A bucket of S3, or of a server that speaks the same protocol.

The manifest is only ever replaced if it is the version that was read, which a bucket compares by itself:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from publisher.credentials import resolve_secret
from publisher.errors import ConfigError
from publisher.failpoints import hit_failpoint
from publisher.files import wrap_os_error
from publisher.installation import install_command
from publisher.media_types import get_cache_control
from publisher.redaction import redact, register_secret
from publisher.upload.files import SiteFile
from publisher.upload.settings import UploadSettings
from publisher.upload.target import (
    MANIFEST,
    Machine,
    Manifest,
    UploadError,
    build_claim,
    build_overtaken_error,
    decode_manifest,
)

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import S3Config, S3Store

_CONNECTIONS = 8
_TIMEOUT = "60s"
_RENEW_AFTER = 200
"""Files after which the claim is renewed."""


class Bucket:
    """A folder in a bucket."""

    def __init__(self, settings: UploadSettings, machine: Machine) -> None:
        """Raises ConfigError if the library or the credentials are missing."""
        self._machine = machine
        self._store = _open_store(settings)
        self._mode: PutMode = "create"
        self._manifest = Manifest()

    def load(self) -> Mapping[str, str]:
        import obstore

        with _translate_errors("read its list of files"):
            try:
                found = obstore.get(self._store, MANIFEST)
                self._manifest = decode_manifest(bytes(found.bytes()))
                self._mode = _build_condition(found.meta["e_tag"])
            except FileNotFoundError:
                self._manifest, self._mode = Manifest(), "create"
        return self._manifest.files

    def begin(self, certain: Mapping[str, str]) -> None:
        if self._manifest.claim:
            self._manifest.claim.require_free(self._machine)
        self._put_manifest(Manifest(certain, build_claim(self._machine)))

    def write(self, files: Sequence[SiteFile]) -> None:
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            for start in range(0, len(files), _RENEW_AFTER):
                self._put_manifest(Manifest(self._manifest.files, build_claim(self._machine)))
                for _ in pool.map(self._put, files[start : start + _RENEW_AFTER]):
                    pass

    def delete(self, paths: Sequence[str]) -> None:
        import obstore

        for path in paths:
            with _translate_errors(f"delete {path}"):
                hit_failpoint("uploading")
                obstore.delete(self._store, path)

    def finish(self, digests: Mapping[str, str]) -> None:
        hit_failpoint("uploading")
        self._put_manifest(Manifest(digests))

    def _put(self, file: SiteFile) -> None:
        import obstore

        try:
            body = (self._machine.folder / file.path).read_bytes()
        except OSError as error:
            raise wrap_os_error(f"cannot read {file.path}", error) from error
        with _translate_errors(f"upload {file.path}"):
            hit_failpoint("uploading")
            obstore.put(
                self._store,
                file.path,
                body,
                attributes={"Content-Type": file.media_type, "Cache-Control": get_cache_control(file.media_type)},
            )

    def _put_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest. Raises BusyError if it is not the one that was read or written last."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with _translate_errors("write its list of files"):
            try:
                result = obstore.put(
                    self._store,
                    MANIFEST,
                    msgspec.json.encode(manifest),
                    attributes={"Content-Type": "application/json", "Cache-Control": "no-store"},
                    mode=self._mode,
                    use_multipart=False,
                )
            except (AlreadyExistsError, PreconditionError):
                raise build_overtaken_error() from None
        self._manifest = manifest
        self._mode = _build_condition(result["e_tag"])


def _build_condition(tag: str | None) -> PutMode:
    if not tag:
        raise UploadError("the server gives no ETag, by which machines see each other's uploads", "use another one")
    return {"e_tag": tag}


@contextmanager
def _translate_errors(what: str) -> Iterator[None]:
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except (BaseError, OSError) as error:
        refused = isinstance(error, PermissionDeniedError | UnauthenticatedError)
        hint = "check the credentials, and what they allow" if refused else "check the connection and [publish]"
        reason = redact(str(error).strip().partition("\n")[0])
        raise UploadError(f"the bucket did not {what}: {reason}", hint) from error


def _open_store(settings: UploadSettings) -> S3Store:
    try:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store
    except ImportError:
        raise ConfigError("uploading to a bucket needs obstore", install_command("upload")) from None
    bucket, prefix = settings.bucket
    options: S3Config = {"disable_bulk_delete": True}  # which not every server has
    if settings.credentials:
        key_id, _, secret = resolve_secret(settings.credentials).partition(":")
        if not (key_id and secret):
            raise ConfigError("credentials has no key id and secret", 'write them there as "KEY_ID:SECRET"')
        register_secret(secret)
        options |= {"access_key_id": key_id, "secret_access_key": secret}
    if settings.endpoint:
        options["endpoint"] = settings.endpoint
    try:
        return S3Store(
            bucket,
            prefix=prefix or None,
            config=options,
            client_options={"allow_http": settings.endpoint.startswith("http:"), "timeout": _TIMEOUT},
            retry_config={"max_retries": 3},
        )
    except BaseError as error:
        raise ConfigError(f"the bucket cannot be used: {redact(str(error))}", "check [publish]") from None
