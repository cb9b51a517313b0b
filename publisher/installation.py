"""How this program was installed, for the command that adds an extra to it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

_DISTRIBUTION = "newsletter-publisher"


_PROBES = {
    "dkim": "cryptography",
    "dns": "dns",
    "keyring": "keyring",
    "postgres": "psycopg",
    "preview": "watchfiles",
    "server": "uvicorn",
    "webhooks": "cryptography",
    "workers": "procrastinate",
}
"""A module of each extra."""


def install_command(*extras: str) -> str:
    """Return the command that installs this program again as it was installed, with extras such as `server`.

    Environments of pipx and uv have no pip of their own, and what came from a folder or a file is not necessarily in a
    package index.
    """
    environment = Path(sys.prefix)
    # https://pipx.pypa.io/stable/ and https://docs.astral.sh/uv/concepts/tools/: each leaves a file there
    for file, program in (("pipx_metadata.json", "pipx"), ("uv-receipt.toml", "uv tool")):
        if (environment / file).is_file():  # they make a new environment, in which the present extras would be missing
            present = (extra for extra, module in _PROBES.items() if find_spec(module))
            return f"{program} install --force {_find_requirement({*extras, *present})}"
    python = shlex.quote(sys.executable)
    command = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f"{command} {_find_requirement({*extras})}"


def _find_requirement(extras: Collection[str]) -> str:
    """Return the folder, file, URL or name that this program was installed from, with extras, for a shell."""
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname  # this alone imports as much as most commands

    suffix = f"[{','.join(sorted(extras))}]" if extras else ""
    try:
        # https://packaging.python.org/en/latest/specifications/direct-url/
        origin = json.loads(distribution(_DISTRIBUTION).read_text("direct_url.json") or "{}")
    except PackageNotFoundError:  # run from a checkout
        return f"--editable {shlex.quote(f'{Path(__file__).parents[1]}{suffix}')}"
    except ValueError:
        origin = {}
    url = str(origin.get("url", ""))
    if origin.get("dir_info", {}).get("editable"):
        return f"--editable {shlex.quote(f'{url2pathname(urlsplit(url).path)}{suffix}')}"
    if version := origin.get("vcs_info"):
        url = f"{version['vcs']}+{url}"
    return shlex.quote(f"{_DISTRIBUTION}{suffix} @ {url}" if url else f"{_DISTRIBUTION}{suffix}")
