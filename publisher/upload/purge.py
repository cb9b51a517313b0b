"""Asks a cache in front of the site to forget addresses whose files have changed."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from publisher.credentials import Reference, redact, resolve_secret
from publisher.http_client import HttpClient, ResponseTooLargeError
from publisher.upload.settings import validate_purge
from publisher.upload.target import UploadError

_TIMEOUT = 20.0  # seconds
_MAX_RESPONSE = 1 << 20  # bytes
_INDEX = "index.html"


def list_addresses(base: str, paths: Iterable[str]) -> list[str]:
    """Return the addresses of files of the site at `base`, which ends in a slash."""
    return [base + quote(path.removesuffix(_INDEX) if _is_index(path) else path) for path in paths]


def purge_addresses(template: str, addresses: Iterable[str]) -> None:
    """POST to the URL of each address. Raises ConfigError for a template that is no URL, and UploadError if one is not
    answered with success."""
    import httpx

    if isinstance(template, Reference):
        template = resolve_secret(template)
        validate_purge(template)
    with HttpClient(_TIMEOUT, read_timeout=_TIMEOUT, max_bytes=_MAX_RESPONSE) as client:
        for address in addresses:
            url = template.replace("{url}", quote(address, safe="")).replace("{path}", urlsplit(address).path[1:])
            try:
                response = client.request("POST", url)
                reason = "" if response.is_success else f"{response.status_code} {response.reason_phrase}"
            except (httpx.HTTPError, httpx.InvalidURL, ResponseTooLargeError) as error:
                reason = redact(str(error)) or type(error).__name__
            if reason:
                raise UploadError(f"the cache did not forget {address}: {reason}", "check purge in [publish]")


def _is_index(path: str) -> bool:
    return path.rpartition("/")[2] == _INDEX
