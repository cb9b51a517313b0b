"""Asks a cache in front of the site to forget addresses whose files have changed.

A URL with a place for the address gets a POST for each of them, as of Bunny and Fastly. One without gets them as JSON,
as https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-single-file/ has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, urlsplit

from publisher.credentials import Reference, resolve_secret
from publisher.errors import ConfigError
from publisher.http_client import HttpClient, ResponseTooLargeError
from publisher.named_tuple import NamedTuple
from publisher.redaction import redact
from publisher.upload.settings import is_purge_header, validate_purge
from publisher.upload.target import UploadError

_TIMEOUT = 20.0  # seconds
_MAX_RESPONSE = 1 << 20  # bytes
_INDEX = "index.html"

_BATCH_SIZE = 30
"""Addresses in one request, at most: more are refused unless the zone is of an Enterprise plan."""


class _PurgeRequest(NamedTuple):
    """What is posted: to a URL, and as JSON if there is any. `about` names the addresses in an error."""

    url: str
    json: object
    about: str


def list_addresses(base: str, paths: Iterable[str]) -> list[str]:
    """Return the addresses of files of the site at `base`, which ends in a slash."""
    return [base + quote(path.removesuffix(_INDEX) if _is_index(path) else path) for path in paths]


def purge_addresses(template: str, addresses: Sequence[str], header: str = "") -> None:
    """Have the addresses forgotten. `header` leads to "NAME: VALUE", which is sent along.

    Raises ConfigError for a template that is no URL or a header that is none, and UploadError if a request is not
    answered with success.
    """
    import httpx

    if isinstance(template, Reference):
        template = resolve_secret(template)
        validate_purge(template)
    headers = _load_header(header)
    with HttpClient(_TIMEOUT, read_timeout=_TIMEOUT, max_bytes=_MAX_RESPONSE, headers=headers) as client:
        for request in _build_requests(template, addresses):
            try:
                response = client.request("POST", request.url, json=request.json)
                reason = "" if response.is_success else f"{response.status_code} {response.reason_phrase}"
            except (httpx.HTTPError, httpx.InvalidURL, ResponseTooLargeError) as error:
                reason = redact(str(error)) or type(error).__name__
            if reason:
                raise UploadError(f"the cache did not forget {request.about}: {reason}", "check purge in [publish]")


def _build_requests(template: str, addresses: Sequence[str]) -> Iterator[_PurgeRequest]:
    if "{" in template:
        for address in addresses:
            url = template.replace("{url}", quote(address, safe="")).replace("{path}", urlsplit(address).path[1:])
            yield _PurgeRequest(url, None, address)
        return
    for start in range(0, len(addresses), _BATCH_SIZE):
        batch = addresses[start : start + _BATCH_SIZE]
        more = len(batch) - 1
        about = f"{batch[0]} and {more} more" if more else batch[0]
        yield _PurgeRequest(template, {"files": [*batch]}, about)


def _load_header(reference: str) -> dict[str, str]:
    """Return the header that a reference leads to, as a mapping; an empty one without a reference."""
    if not reference:
        return {}
    text = resolve_secret(reference)
    if not is_purge_header(text):
        raise ConfigError(f"{reference} has no header", 'write it there as "NAME: VALUE"')
    name, _, value = text.partition(":")
    return {name: value.strip()}


def _is_index(path: str) -> bool:
    return path.rpartition("/")[2] == _INDEX
