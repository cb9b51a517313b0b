"""The keys below [channels.email]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from publisher.channels.email.headers import Mailbox, parse_mailbox
from publisher.credentials import Reference
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.patterns import lazy_pattern

_MAX_URL_BYTES = 900  # octets, so that its header has a line to itself: RFC 5322, section 2.1.1
_UNSUBSCRIBE_URL = lazy_pattern(r"https://[^\s<>{}?#\"/]+(?:[/?](?:[!#-;=?-z|~]|\{address\}|\{token\})*)?")
_DKIM_DNS_NAME = lazy_pattern(
    r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\._domainkey\.(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)+)"
)


def parse_mailbox_setting(key: str, value: str) -> Mailbox:
    """The mailbox written as `address` or `Name <address>`."""
    found = parse_mailbox(value)
    if found is None:
        raise ConfigError(
            f'{key} must be one mail address in ASCII, not "{value}"',
            f'like {key} = "editor@example.org" or "Name <editor@example.org>"; a host of other letters has '
            "an ASCII form that begins with xn--",
        )
    return found


def require_one_of(key: str, value: str, allowed: Sequence[str], hint: str) -> None:
    """Only what is known."""
    if value not in allowed:
        raise ConfigError(f'{key} must be one of {", ".join(allowed)}, not "{value}"', hint)


def require_in_range(key: str, value: int, allowed: range, unit: str, hint: str) -> None:
    """Only what is in the range."""
    if value not in allowed:
        raise ConfigError(f"{key} must be {allowed[0]} to {allowed[-1]} {unit}, not {value}", hint)


def validate_recipients(sender: str, to: str, recipients: tuple[str, ...] | Path) -> None:
    """Who sends, and who gets it: a list, or one address that stands for it. A file is read later."""
    if not sender:
        raise ConfigError(
            "there is a server and no sender", 'say who sends the mail: from = "Name <editor@example.org>"'
        )
    if not recipients and not to:
        raise ConfigError(
            "there is a server and nobody to send to",
            'name the file with the addresses: recipients = "readers.txt"',
        )
    if isinstance(recipients, tuple) and recipients:
        from publisher.channels.email.recipients import read_recipients

        for _ in read_recipients(recipients):
            pass


def validate_unsubscribe_url(url: str, key: str, *, has_server: bool) -> None:
    """The address of a page to leave the list by."""
    if not _UNSUBSCRIBE_URL.fullmatch(url) or len(url) > _MAX_URL_BYTES:
        raise ConfigError(
            f"unsubscribe must be an https address, with {{address}} and {{token}} at most, not {url}",
            'like unsubscribe = "https://example.org/leave?who={address}&token={token}"',
        )
    if ("{token}" in url) != bool(key):
        raise ConfigError(
            "a {token} in `unsubscribe` is made with `unsubscribe_key`, so there must be both or none",
            'say where the key is: unsubscribe_key = "env:UNSUBSCRIBE_KEY"',
        )
    if "{" in url and not has_server:
        raise ConfigError(
            "without a server all get the same mail, and `unsubscribe` can be no other address for each",
            "set `server` as well",
        )


def validate_dkim(dns_name: str, key: str, from_address: str) -> None:
    """Where the keys for DKIM are, for the domain of the sender or one above it (RFC 7489, section 3.1)."""
    found = _DKIM_DNS_NAME.fullmatch(dns_name)
    if not found:
        raise ConfigError(
            f'dkim must be the name of the public key in the DNS, not "{dns_name}"',
            'selector, _domainkey and domain, as in dkim = "s1._domainkey.example.org"',
        )
    if not key:
        raise ConfigError("there is `dkim` and no key", 'say where it is: dkim_key = "file:dkim.pem"')
    domain = parse_mailbox_setting("from", from_address).domain.lower()
    if not f".{domain}".endswith(f".{found['domain']}"):
        raise ConfigError(
            f"dkim signs for {found['domain']}, and `from` is of {domain}",
            "receivers ask for a signature of the sender's own domain",
        )


def require_key(other: str, key: str, value: object) -> None:
    """Nothing in a key that says nothing without the other."""
    if value:
        raise ConfigError(f"there is `{key}` and no `{other}`", f"add `{other}`, or leave `{key}` out")


_SERVER_URL = lazy_pattern(r"(smtps?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}  # RFC 6409, RFC 8314
_LOOPBACK = lazy_pattern(r"localhost|127\.\d+\.\d+\.\d+|::1")


class SmtpServer(NamedTuple):
    """A mail server. With `tls` it speaks TLS from the first byte, else it is asked to begin it (STARTTLS);
    only on this machine it may speak without."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: Reference = ""

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return bool(_LOOPBACK.fullmatch(self.host))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_server(url: str, user: str, password: Reference) -> SmtpServer:
    """The server at an address like smtp://mail.example.org:587. Raises ConfigError."""
    found = _SERVER_URL.fullmatch(url)
    port = int(found[3] or _DEFAULT_PORTS[found[1]]) if found else 0
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
    return SmtpServer(found[2].strip("[]"), port, found[1] == "smtps", user, password)


_WRAPS = ("flowed", "hard", "none")
_WIDTHS = range(40, 77)  # a flowed line has two more and must not have over 78 (RFC 3676, section 4.2)
_WIDTH_HINT = "72 leaves room for the marks of two replies in a window of 80"
_POLICIES = ("ask", "resend", "skip")
_CONNECTIONS = range(1, 101)


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """`from_` is who sends and `to` who gets the mail, as `address` or `Name <address>`; left out, the
    newsletter's own address does for both.

    Lines are `width` columns wide. `wrap` says who breaks them: "flowed" lets readers join them again and
    break them anew, "hard" does not, "none" leaves it to readers alone.

    `server` takes the mails, like smtp://mail.example.org:587; `user` logs in there, with the password that
    `password` leads to. `recipients` are the readers, or the file with their addresses, and `me` is the
    editor's own address, for proofs. `connections` are open at a time. `uncertain` says what to do when
    nobody knows whether somebody got the mail: "ask" the editor, "resend" it once, "skip" them.

    `unsubscribe` is the address of a page by which readers leave; {address} and {token} in it become
    theirs, and `unsubscribe_key` leads to what tokens are made with. `dkim` is where in the DNS the public
    key is that mails are signed for, and `dkim_key` leads to the private one.
    """

    from_: str = ""
    to: str = ""
    width: int = 72
    wrap: str = "flowed"
    server: str = ""
    user: str = ""
    password: Reference = ""
    recipients_: tuple[str, ...] | Path = ()
    connections: int = 10
    uncertain: str = "ask"
    me: str = ""
    unsubscribe: str = ""
    unsubscribe_key: Reference = ""
    dkim: str = ""
    dkim_key: Reference = ""

    def __post_init__(self) -> None:
        for key, value in (("from", self.from_), ("to", self.to), ("me", self.me)):
            if value:
                parse_mailbox_setting(key, value)
        require_in_range("width", self.width, _WIDTHS, "columns", _WIDTH_HINT)
        require_in_range("connections", self.connections, _CONNECTIONS, "at a time", "most servers take 10")
        require_one_of("wrap", self.wrap, _WRAPS, '"flowed" suits most readers: wrap = "flowed"')
        require_one_of("uncertain", self.uncertain, _POLICIES, 'without it, it is uncertain = "ask"')
        if self.server:
            parse_server(self.server, self.user, self.password)
            validate_recipients(self.from_, self.to, self.recipients_)
        else:
            for key in ("user", "password", "recipients", "me", "dkim"):
                require_key("server", key, getattr(self, "recipients_" if key == "recipients" else key))
        if self.unsubscribe:
            validate_unsubscribe_url(self.unsubscribe, self.unsubscribe_key, has_server=bool(self.server))
        else:
            require_key("unsubscribe", "unsubscribe_key", self.unsubscribe_key)
        if self.dkim:
            validate_dkim(self.dkim, self.dkim_key, self.from_)
        else:
            require_key("dkim", "dkim_key", self.dkim_key)
