"""Classifies URLs by exact host, and brings them into canonical and safe form.

Which parts of a URL do not matter is the newsletter's own question, so no library answers it.

Sources: arxiv.org/help/arxiv_identifier (ids) · developers.weixin.qq.com "公众号文章" (permanent links are
/s/ID or ?__biz=…; links with `timestamp` and `signature` come from search results and expire).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from publisher.patterns import lazy_pattern

WECHAT = "wechat"
WECHAT_TEMPORARY = "wechat_temporary"
REPOSITORY = "repository"
ARXIV = "arxiv"
OTHER = "other"

_WECHAT_HOST = "mp.weixin.qq.com"
_REPOSITORY_HOSTS = {"github.com", "www.github.com"}
_FORGE_HOSTS = {"bitbucket.org", "codeberg.org", "gitcode.com", "gitee.com", "gitlab.com", "sr.ht"}
_PROFILE_HOSTS = _FORGE_HOSTS | {
    "bsky.app", "facebook.com", "github.com", "instagram.com", "t.me", "twitter.com", "weibo.com", "x.com",
}  # fmt: skip
_PROFILE_FOLDERS = {
    ("bsky.app", "profile"), ("linkedin.com", "company"), ("linkedin.com", "in"), ("weibo.com", "u"),
    ("youtube.com", "c"), ("youtube.com", "channel"), ("zhihu.com", "people"),
}  # fmt: skip
_ARXIV_HOSTS = {"arxiv.org", "www.arxiv.org"}
_RESERVED_NAMES = {
    "about", "apps", "blog", "collections", "contact", "customer-stories", "explore", "features", "login",
    "marketplace", "notifications", "orgs", "pricing", "search", "security", "settings", "site", "sponsors",
    "stars", "topics", "trending", "users",
}  # fmt: skip
_OWNER = lazy_pattern(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\Z")
_NAME = lazy_pattern(r"[A-Za-z0-9._-]{1,100}\Z")
_ARXIV_PATH = lazy_pattern(r"/(?:abs|pdf|html|format|e-print)/(\d{4}\.\d{4,5})(?:v\d+)?(?:\.pdf)?/?\Z")
_TRACKING_PARAMETERS = {
    "chksm", "clicktime", "enterid", "exportkey", "fbclid", "from", "gclid", "isappinstalled", "mpshare",
    "nwr_flag", "pass_ticket", "poc_token", "scene", "sessionid", "sharer_shareid", "sharer_shareinfo",
    "sharer_sharetime", "spm", "srcid", "subscene", "wx_header",
}  # fmt: skip
# the parameters that identify an article; all others record who opened or shared it
_WECHAT_ARTICLE_PARAMETERS = {"__biz", "idx", "mid", "sn"}
# Schemes that open something to read, or a conversation with someone. All others run code, read local files,
# or make another app act (`tg:`, `weixin:`, `intent:`, `sms:`), so that a contributed issue could use them.
_DOCUMENT_SCHEMES = {"http", "https", "ftp", "ftps", "gemini", "magnet", "news"}
_CONVERSATION_SCHEMES = {"mailto", "tel", "irc", "ircs", "matrix", "xmpp"}
_SAFE_SCHEMES = _DOCUMENT_SCHEMES | _CONVERSATION_SCHEMES
_IMAGE_SCHEMES = {"http", "https"}
_SCHEME = lazy_pattern(r"[\x00-\x20]*([A-Za-z][A-Za-z0-9+.\-\x00-\x20]*):")
_CREATIVE_COMMONS = lazy_pattern(r"CC-(BY(?:-NC)?(?:-ND|-SA)?)-(\d\.\d)\Z")
_ASCII_URL = lazy_pattern(r"[A-Za-z0-9!#$&'()*+,./:;=?@_~-]*\Z")
_PATH = "A-Za-z0-9._~!$&'()*+,;=:@%/-"
_PLAIN_URL = lazy_pattern(rf"(https?)://([a-z0-9][a-z0-9.-]*)((?:/[{_PATH}]*)?)(?:\?([?{_PATH}]*))?(?:#[?{_PATH}]*)?\Z")
"""Nearly all: `urlsplit` would take ten times as long for the same."""

_API_URL = lazy_pattern(
    r"(?:https://[^\s/?#@]+|http://(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?)(?:/[^\s?#]*)?\Z"
)
_LOOPBACK_HOST = lazy_pattern(r"localhost|127\.\d+\.\d+\.\d+|::1", re.IGNORECASE)
# https://www.rfc-editor.org/rfc/rfc6761#section-6: no one can own them, so nothing sent there arrives
_EXAMPLE_HOST = lazy_pattern(r"(?:.+\.)?(?:example(?:\.(?:com|net|org))?|invalid|test)", re.IGNORECASE)
_EMAIL = lazy_pattern(
    r"(?<![A-Za-z0-9.+_-])(?:(?:mailto|xmpp):)?[A-Za-z0-9+_-][A-Za-z0-9.+_-]*@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9][A-Za-z0-9_-]*)*"
    r"\.[A-Za-z][A-Za-z0-9_-]*",
    re.IGNORECASE,
)
# every character that RFC 3986 allows in a URL, and the percent sign of existing escapes
_URL_SAFE = "!#$%&'()*+,-./:;=?@_~[]"


# each channel calls these for each URL of an issue
_cached = lru_cache(1024)


@_cached
def _split_url(url: str) -> tuple[str, str, str, str]:
    """Return scheme, host, path and query; all empty if the URL is invalid."""
    if plain := _PLAIN_URL.match(url):
        return plain[1], plain[2], plain[3], plain[4] or ""
    try:
        parts = urlsplit(url.strip())
        return parts.scheme.lower(), (parts.hostname or ""), parts.path, parts.query
    except ValueError:
        return "", "", "", ""


@_cached
def classify_link(url: str) -> str:
    """Return the class of a URL: WECHAT, WECHAT_TEMPORARY, REPOSITORY, ARXIV or OTHER."""
    scheme, host, path, query = _split_url(url)
    if scheme not in ("http", "https"):
        return OTHER
    if host == _WECHAT_HOST:
        if path != "/s" and not path.startswith("/s/"):
            return OTHER
        keys = dict(parse_qsl(query, keep_blank_values=True))
        return WECHAT_TEMPORARY if "timestamp" in keys and "signature" in keys else WECHAT
    if parse_repository(url):
        return REPOSITORY
    return ARXIV if parse_arxiv_id(url) else OTHER


def parse_repository(url: str) -> str | None:
    """Return "owner/name" for a URL in a GitHub repository, at any depth; None for other URLs."""
    scheme, host, path, _ = _split_url(url)
    if scheme not in ("http", "https") or host not in _REPOSITORY_HOSTS:
        return None
    parts = path.strip("/").split("/")
    if len(parts) < 2 or parts[0].lower() in _RESERVED_NAMES:
        return None
    owner, name = parts[0], parts[1].removesuffix(".git")
    return f"{owner}/{name}" if _OWNER.match(owner) and _NAME.match(name) else None


def is_repository_page(url: str) -> bool:
    """True for the front page of a GitHub repository; false for everything below it."""
    repo = parse_repository(url)
    return repo is not None and _split_url(url)[2].strip("/").removesuffix(".git").count("/") == 1


def _is_home_page(url: str) -> bool:
    """True for the front page of a site, or of a person or group on it: `/@name`, github.com/name."""
    scheme, host, path, query = _split_url(url)
    names = path.strip("/").split("/")
    if scheme not in ("http", "https") or query or len(names) > 2:
        return False
    host = host.removeprefix("www.")
    if len(names) == 2:
        return (host, names[0]) in _PROFILE_FOLDERS
    return not names[0] or names[0].startswith(("@", "~")) or host in _PROFILE_HOSTS


def is_article(url: str) -> bool:
    """True for a URL to read once; false for home pages, and for everything in a repository, such as an issue."""
    return not (_is_home_page(url) or parse_repository(url) or is_on_other_forge(url))


def is_on_other_forge(url: str) -> bool:
    """True for a URL on a public host of repositories other than GitHub."""
    host = extract_host(url)
    return host in _FORGE_HOSTS or host.startswith(("gitlab.", "git."))


def parse_arxiv_id(url: str) -> str | None:
    """Return the arXiv id, without version, of an abstract, PDF or HTML URL; None for other URLs."""
    scheme, host, path, _ = _split_url(url)
    if scheme not in ("http", "https") or host not in _ARXIV_HOSTS:
        return None
    match = _ARXIV_PATH.match(path)
    return match.group(1) if match else None


@_cached
def canonicalize_url(url: str) -> str:
    """Return the canonical form of a URL, which is the same for all URLs of the same page.

    https instead of http; host in lower case without `www.`; no fragment and no tracking parameters; the
    abstract page for arXiv; owner and name for the front page of a repository.
    """
    scheme, host, path, query = _split_url(url)
    if scheme not in ("http", "https") or not host:
        return url.strip()
    if arxiv_id := parse_arxiv_id(url):
        return f"https://arxiv.org/abs/{arxiv_id}"
    repo = parse_repository(url)
    if repo and path.strip("/").removesuffix(".git").count("/") == 1:
        return f"https://github.com/{repo.lower()}"
    page = f"https://{host.removeprefix('www.')}{path.rstrip('/')}"
    if not query:
        return page
    is_article = host == _WECHAT_HOST and "__biz=" in query
    pairs = [
        (key, value)
        for key, value in parse_qsl(query, keep_blank_values=True)
        if (
            key in _WECHAT_ARTICLE_PARAMETERS
            if is_article
            else key not in _TRACKING_PARAMETERS and not key.startswith("utm_")
        )
    ]
    return f"{page}?{urlencode(pairs)}" if pairs else page


def build_link_key(url: str) -> str:
    """Return what is the same for all URLs of the same place in the same page."""
    fragment = url.partition("#")[2]
    return f"{canonicalize_url(url)}#{fragment}" if fragment else canonicalize_url(url)


def extract_host(url: str) -> str:
    """Return the host of an http or https URL, in lower case without `www.`; empty for other URLs."""
    scheme, host, _, _ = _split_url(url)
    return host.removeprefix("www.") if scheme in ("http", "https") else ""


def find_emails(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and URL of each email address in a text, as GitHub Flavored Markdown links them.

    Only, the last part of a host begins with a letter: `A76@2.0GHz` is no address.
    https://github.github.com/gfm/#autolinks-extension-
    """
    for match in _EMAIL.finditer(text):
        start, end, address = match.start(), match.end(), match.group()
        before, after = text[max(start - 1, 0) : start], text[end : end + 1]
        if before not in ("/", "@") and after != "@" and address[-1] not in "-_":
            yield start, end, address if ":" in address else f"mailto:{address}"


def is_safe_url(url: str) -> bool:
    """Return whether the URL may be a link: it is relative, or its scheme is one for reading and writing to people."""
    scheme = parse_scheme(url)
    return not scheme or scheme in _SAFE_SCHEMES


def is_safe_image_url(url: str) -> bool:
    """Return whether the URL may be the source of an image, which is loaded without a click: relative or http(s)."""
    scheme = parse_scheme(url)
    return not scheme or scheme in _IMAGE_SCHEMES


def parse_scheme(url: str) -> str:
    """Return the scheme in lower case as browsers see it, without spaces and control characters; "" if relative."""
    if url.startswith("https://"):
        return "https"
    match = _SCHEME.match(url)
    return re.sub(r"[\x00-\x20]", "", match.group(1)).lower() if match else ""


def is_api_url(url: str) -> bool:
    """Return whether an API may be at the URL: https without user, query and fragment, or http on this machine."""
    return bool(_API_URL.match(url))


def is_loopback_url(url: str) -> bool:
    """Return whether the host of a URL is this machine."""
    return is_loopback_host(parse_host(url))


def is_loopback_host(host: str) -> bool:
    """Return whether a name or an IP address without brackets is that of this machine."""
    return bool(_LOOPBACK_HOST.fullmatch(host))


def find_example_host(address: str) -> str:
    """Return the host of a URL or an email address if it is one that is reserved for examples; "" if it is not."""
    host = parse_host(address) if "://" in address else address.rpartition("@")[2].strip(" <>")
    return host if _EXAMPLE_HOST.fullmatch(host.rstrip(".")) else ""


def parse_host(url: str) -> str:
    """Return the host of a URL in lower case; empty for a URL without a host, or one that is not valid."""
    if plain := _PLAIN_URL.match(url):
        return plain[2]
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def to_ascii_url(url: str) -> str:
    """Convert a URL to ASCII: the host with IDNA if possible, everything else percent-encoded as UTF-8.

    Existing percent-encoding is kept.
    """
    url = url.strip()
    if _ASCII_URL.match(url):
        return url
    if not url.isascii():
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            if host and not host.isascii():
                url = url.replace(parts.netloc, parts.netloc.replace(host, host.encode("idna").decode()), 1)
        except ValueError:  # invalid host: percent-encoded below
            pass
    escaped = quote(url, safe=_URL_SAFE, errors="replace")
    return re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", escaped)


def clean_slug(text: str) -> str:
    """Return a text as one part of the path of a URL: letters and digits of any language, and `.`, `_`, `~`.

    These, with the hyphen, mean nothing else in a URL (RFC 3986, section 2.3; RFC 3987, section 2.2). All others
    become hyphens, also at the ends, where they are left out. Percent escapes are decoded. Upper case stays.
    """
    text = unicodedata.normalize("NFC", unquote(text))
    is_kept = [char in "._~" or unicodedata.category(char)[0] in "LNM" for char in text]
    is_kept = [kept and not "\ufe00" <= char <= "\ufe0f" for kept, char in zip(is_kept, text, strict=True)]
    cleaned = "".join(char if kept else "-" for char, kept in zip(text, is_kept, strict=True))
    return re.sub(r"-{2,}", "-", cleaned).strip("-.")


def build_license_link(spdx: str) -> tuple[str, str]:
    """Return the common name and the URL of a license, given its SPDX id.

    The URL of a Creative Commons license is its deed (creativecommons.org/licenses), else a page of spdx.org.
    """
    if match := _CREATIVE_COMMONS.match(spdx):
        kind, version = match.groups()
        return f"CC {kind} {version}", f"https://creativecommons.org/licenses/{kind.lower()}/{version}/"
    if spdx == "CC0-1.0":
        return "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"
    return spdx, f"https://spdx.org/licenses/{quote(spdx)}.html"
