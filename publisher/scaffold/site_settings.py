"""Reads the name and the address of a site from the files of other site generators and of git."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from publisher.patterns import lazy_pattern

_SETTINGS = (
    ("_config.yml", "title", "url"),  # Jekyll
    ("hugo.toml", "title", "baseURL"),
    ("hugo.yaml", "title", "baseURL"),
    ("config.toml", "title", "baseURL|base_url"),  # Hugo, Zola
    ("config.yaml", "title", "baseURL"),
    ("mkdocs.yml", "site_name", "site_url"),
    ("pelicanconf.py", "SITENAME", "SITEURL"),
    ("docusaurus.config.js", "title", "url"),
    ("docusaurus.config.ts", "title", "url"),
    ("astro.config.mjs", "", "site"),
)
"""Files of site generators, with the keys of the name and of the address."""

_HOST_FILES = ("CNAME", "static/CNAME", "docs/CNAME")
_REMOTE = lazy_pattern(r"(?m)^\s*url\s*=\s*\S*github\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?\s*$")
_EXAMPLE_HOSTS = lazy_pattern(r"(?:^|\.)(?:example\.(?:com|org|net)|localhost)$|^[\d.]+$")
_MAX_BYTES = 1 << 16


def read_site_name(root: Path) -> str:
    """Return the name of the site; "" if no file has one."""
    names = (_read_value(root / file, key) for file, key, _ in _SETTINGS if key)
    return next((name for name in names if name), "")


def read_site_address(root: Path) -> str:
    """Return the URL of the site with a slash at its end; "" if no file has one.

    Without settings, it is that of the repository's GitHub Pages.
    """
    for file in _HOST_FILES:
        if host := _read_text(root / file).strip():
            return _complete_address(f"https://{host}")
    for file, _, key in _SETTINGS:
        url = _read_value(root / file, key)
        path = _read_value(root / file, "baseurl") if file == "_config.yml" else ""
        if address := _complete_address(url.rstrip("/") + ("/" + path.strip("/") if path else "")):
            return address
    if remote := _REMOTE.search(_read_text(root / ".git" / "config")):
        owner, repository = remote.groups()
        host = f"{owner.lower()}.github.io"
        return f"https://{host}/" if repository.lower() == host else f"https://{host}/{repository}/"
    return ""


def _complete_address(url: str) -> str:
    """Return an absolute URL with a slash at its end; "" if it is none, or of a host that is an example."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "." not in host or _EXAMPLE_HOSTS.search(host) or "{" in url:
        return ""
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


def _read_value(path: Path, key: str) -> str:
    """Return the value of a key at the start of a line, in YAML, TOML, Python or JavaScript; "" without one."""
    pattern = rf"(?m)^\s*(?:{key})\s*[:=]\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\"'\s#][^#\n]*))"
    match = re.search(pattern, _read_text(path))
    return next((value.strip() for value in match.groups() if value), "") if match else ""


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return ""
