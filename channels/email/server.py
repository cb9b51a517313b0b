"""The server that takes the mails: where it is, and who logs in there."""

from __future__ import annotations

import re
from typing import NamedTuple

from publisher.credentials import Reference
from publisher.errors import ConfigError

_WRITTEN = re.compile(r"(smtps?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")
_PORTS = {"smtp": 587, "smtps": 465}  # RFC 6409, RFC 8314
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")


class Server(NamedTuple):
    """A mail server. With `tls` it speaks TLS from the first byte, else it is asked to begin it (STARTTLS);
    only on this machine it may speak without."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: Reference = ""

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return bool(_LOOPBACK.fullmatch(self.host))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def server(address: str, user: str, password: Reference) -> Server:
    """The server at an address like smtp://mail.example.org:587. Raises ConfigError."""
    found = _WRITTEN.fullmatch(address)
    port = int(found[3] or _PORTS[found[1]]) if found else 0
    if not found or not 0 < port < 65536:
        raise ConfigError(  # there may be a password in it, so it is not repeated
            "server must be the address of a mail server",
            'like server = "smtp://mail.example.org:587", or smtps:// for port 465; `user` and `password` '
            "are keys of their own",
        )
    if bool(user) != bool(password):
        raise ConfigError(
            f"there is a {'user' if user else 'password'} and no {'password' if user else 'user'}",
            'both are needed to log in: user = "…" and password = "env:SMTP_PASSWORD"',
        )
    return Server(found[2].strip("[]"), port, found[1] == "smtps", user, password)
