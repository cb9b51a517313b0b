"""The keys of [channels.email] and their validation. Invalid values raise ConfigError."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import urlsplit

from msgspec import Meta

from publisher.channel import ChannelSettings
from publisher.channels.email.headers import parse_mailbox
from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.links import is_loopback_host
from publisher.mail_address import Mailbox
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern
from publisher.subscriber_settings import SubscriberSettings

if TYPE_CHECKING:
    from publisher.channels.email.wrapping import Wrap

_MAX_URL_BYTES = 900  # so that its header fits on one line: RFC 5322, section 2.1.1
_UNSUBSCRIBE_URL = lazy_pattern(r"https://[^\s<>{}?#\"/]+(?:[/?](?:[!#-;=?-z|~]|\{address\}|\{token\})*)?")
_DKIM_DNS_NAME = lazy_pattern(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\._domainkey\.(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)+)")


def parse_mailbox_setting(key: str, value: str) -> Mailbox:
    """Parse the value of `key`, `address` or `Name <address>`. Raises ConfigError."""
    mailbox = parse_mailbox(value)
    if mailbox is None:
        raise ConfigError(
            f'{key} must be one email address in ASCII, not "{value}"',
            f'for example {key} = "editor@example.org" or "Name <editor@example.org>"; the ASCII form of an '
            "international domain begins with xn--",
        )
    return mailbox


def _require_one_of(key: str, value: str, allowed: Sequence[str], hint: str) -> None:
    """Raise ConfigError unless the value is one of `allowed`."""
    if value not in allowed:
        raise ConfigError(f'{key} must be one of {", ".join(allowed)}, not "{value}"', hint)


def _require_in_range(key: str, value: int, allowed: range, unit: str, hint: str) -> None:
    """Raise ConfigError unless the value is in the range."""
    if value not in allowed:
        raise ConfigError(f"{key} must be {allowed[0]} to {allowed[-1]} {unit}, not {value}", hint)


def _validate_recipients(recipients: tuple[str, ...] | str) -> None:
    """Raise ConfigError for an invalid address. A file is read later."""
    if isinstance(recipients, str) and "\0" in recipients:
        raise ConfigError("recipients must be the path of a file", 'like recipients = "readers.txt"')
    if isinstance(recipients, tuple) and recipients:
        from publisher.channels.email.recipients import read_recipients

        for _ in read_recipients(recipients):
            pass


def _require_addresses(sender: str, to: str, recipients: tuple[str, ...] | str, *, has_list: bool) -> None:
    """Raise ConfigError without a sender or recipients. With `has_list` these are the subscribers in the ledger."""
    if not sender:
        raise ConfigError("`server` is set, but there is no sender", 'set it: from = "Name <editor@example.org>"')
    if has_list and to:
        raise ConfigError(
            "`to` and [subscribers] cannot be used together", "remove `to`: with `server` the subscribers get the email"
        )
    if not recipients and not to and not has_list:
        raise ConfigError(
            "`server` is set, but there are no recipients",
            'set the file with the addresses: recipients = "readers.txt"',
        )


def _reject_list_keys(**values: object) -> None:
    """Raise ConfigError if a key is set that [subscribers] replaces."""
    for key, value in values.items():
        if value:
            raise ConfigError(
                f"`{key}` and [subscribers] cannot be used together",
                f"remove `{key}`, or the table [subscribers] to keep the list yourself",
            )


def _validate_unsubscribe_url(url: str) -> None:
    """Raise ConfigError unless the URL is valid and has no other placeholders than those that are filled in."""
    if not _UNSUBSCRIBE_URL.fullmatch(url) or len(url) > _MAX_URL_BYTES:
        raise ConfigError(
            f"unsubscribe must be an https URL with no placeholders but {{address}} and {{token}}, not {url}",
            'for example unsubscribe = "https://example.org/leave?who={address}&token={token}"',
        )


def _require_placeholder_values(url: str, key: str, *, has_server: bool) -> None:
    """Raise ConfigError unless the placeholders of the URL can be filled in."""
    if "{token}" in url and not key:
        raise ConfigError(
            "`unsubscribe` has {token}, but `unsubscribe_key` is not set",
            'set the source of the key: unsubscribe_key = "env:UNSUBSCRIBE_KEY"',
        )
    if key and "{token}" not in url:
        raise ConfigError(
            "`unsubscribe_key` is set, but `unsubscribe` has no {token}",
            'for example unsubscribe = "https://example.org/leave?token={token}"',
        )
    if "{" in url and not has_server:
        raise ConfigError(
            "`unsubscribe` has placeholders, but without a server everyone gets the same email",
            "set `server`, or remove the placeholders",
        )


def _parse_dkim_domain(dns_name: str) -> str:
    """Return the domain that signs, from the DNS name of the key. Raises ConfigError."""
    match = _DKIM_DNS_NAME.fullmatch(dns_name)
    if not match:
        raise ConfigError(
            f'dkim must be the DNS name of the public key, not "{dns_name}"',
            'selector, _domainkey and domain, as in dkim = "s1._domainkey.example.org"',
        )
    return match["domain"]


def _require_aligned_signature(dns_name: str, key: str, from_address: str) -> None:
    """Raise ConfigError unless there is a key, and the domain that signs is aligned with the sender's.

    Alignment: the same domain or one above it (RFC 7489, section 3.1).
    """
    if not key:
        raise ConfigError("`dkim` is set, but `dkim_key` is not", 'set it: dkim_key = "file:dkim.pem"')
    signing = _parse_dkim_domain(dns_name)
    domain = parse_mailbox_setting("from", from_address).domain.lower()
    if not f".{domain}".endswith(f".{signing}"):
        raise ConfigError(
            f"dkim signs for {signing}, but the domain of `from` is {domain}",
            "mail providers require a signature of the sender's domain",
        )


def _require_aligned_bounces(bounces: str, from_address: str) -> None:
    """Raise ConfigError unless the domain for returned emails is aligned with the sender's, so that SPF counts for it.

    Alignment: the same domain, or one above the other (RFC 7489, section 3.1.2).
    """
    one = f".{bounces.rpartition('@')[2].lower()}"
    other = f".{parse_mailbox_setting('from', from_address).domain.lower()}"
    if not (one.endswith(other) or other.endswith(one)):
        raise ConfigError(
            f"`bounces` in [subscribers] is at {one[1:]}, but the domain of `from` is {other[1:]}",
            "use the same domain or one below it: mail providers require SPF of the sender's domain",
        )


def _require_key(other: str, key: str, value: object) -> None:
    """Raise ConfigError when `key` has a value but `other`, which it needs, is not set."""
    if value:
        raise ConfigError(f"`{key}` is set, but `{other}` is not", f"set `{other}`, or remove `{key}`")


_SERVER_URL = lazy_pattern(r"(smtps?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")
_NO_REFERENCE = Reference()
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}  # RFC 6409, RFC 8314


class SmtpServer(NamedTuple):
    """A mail server. `tls` means TLS from the start; otherwise STARTTLS is required, except on localhost."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: Reference = Reference()

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback_host(self.host)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_server(url: str, user: str = "", password: Reference = _NO_REFERENCE) -> SmtpServer:
    """Parse the URL of a server, such as smtp://mail.example.org:587. Raises ConfigError."""
    match = _SERVER_URL.fullmatch(url)
    port = int(match[3] or _DEFAULT_PORTS[match[1]]) if match else 0
    if not match or not 0 < port < 65536:
        raise ConfigError(  # the URL is not shown, because it may contain a password
            "server must be the URL of a mail server",
            'for example server = "smtp://mail.example.org:587", or smtps:// for port 465; `user` and '
            "`password` are separate keys",
        )
    if bool(user) != bool(password):
        raise ConfigError(
            f"`{'user' if user else 'password'}` is set, but `{'password' if user else 'user'}` is not",
            'login needs both: user = "…" and password = "env:SMTP_PASSWORD"',
        )
    return SmtpServer(match[2].strip("[]"), port, match[1] == "smtps", user, password)


_WRAPS = ("auto", "flowed", "hard", "none")
_WIDTHS = range(40, 77)  # columns; a flowed line has up to 2 more, and at most 78 (RFC 3676, section 4.2)
_WIDTH_HINT = "72 leaves room for the quote marks of two replies in a window of 80 columns"
_POLICIES = ("ask", "resend", "skip")
_CONNECTIONS = range(1, 101)


class EmailSettings(ChannelSettings, frozen=True):
    """The keys of [channels.email]. `_root` is the newsletter's folder, `_subscribers` the table [subscribers]."""

    from_: Annotated[
        str,
        Meta(
            description="sender, `address` or `Name <address>`; default: the newsletter's `email`, or `newsletter@` "
            "its host",
            examples=["Name <editor@example.org>"],
        ),
    ] = ""
    to: Annotated[
        str,
        Meta(
            description="recipient if there are no `recipients`, such as a mailing list; default: the sender",
            examples=["list@example.org"],
        ),
    ] = ""
    width: Annotated[
        int,
        Meta(
            description="line width, 40 to 76 columns",
            extra_json_schema={"minimum": _WIDTHS[0], "maximum": _WIDTHS[-1]},
        ),
    ] = 72
    wrap: Annotated[
        str,
        Meta(
            description="line breaks: `flowed` (mail programs may rewrap), `hard` (fixed), `none` (no wrapping) or "
            "`auto` (hard for Chinese, Japanese and Korean, flowed for others)",
            extra_json_schema={"enum": [*_WRAPS]},
        ),
    ] = "auto"
    server: Annotated[
        str,
        Meta(
            description="SMTP server, `smtp://HOST:PORT` or `smtps://HOST:PORT`; without it, only a file is written",
            examples=["smtp://mail.example.org:587"],
            extra_json_schema={"pattern": r"^(smtps?://[^\s/@]+/?)?$"},
        ),
    ] = ""
    user: Annotated[str, Meta(description="login for the server", examples=["editor@example.org"])] = ""
    password: Annotated[
        Reference, Meta(description="reference to the password of `user`", examples=["env:SMTP_PASSWORD"])
    ] = Reference()
    recipients_: Annotated[
        tuple[str, ...] | str,
        Meta(
            description="your recipients: a text file with one address per line, or a list of addresses",
            examples=["readers.txt"],
        ),
    ] = ()
    connections: Annotated[
        int,
        Meta(
            description="number of parallel connections, 1 to 100",
            extra_json_schema={"minimum": _CONNECTIONS[0], "maximum": _CONNECTIONS[-1]},
        ),
    ] = 10
    uncertain: Annotated[
        str,
        Meta(
            description="if the outcome of a delivery is unknown: `ask` you, `resend` it once, or `skip` it",
            extra_json_schema={"enum": [*_POLICIES]},
        ),
    ] = "ask"
    me: Annotated[str, Meta(description="your own address, to receive test sends", examples=["editor@example.org"])] = (
        ""
    )
    unsubscribe: Annotated[
        str,
        Meta(
            description="https URL of your unsubscribe page; `{address}` (percent-encoded) and `{token}` in it are "
            "replaced for each recipient",
            examples=["https://example.org/leave?who={address}&token={token}"],
            extra_json_schema={"pattern": "^(https://.+)?$"},
        ),
    ] = ""
    unsubscribe_key: Annotated[
        Reference, Meta(description="reference to the key for the tokens", examples=["env:UNSUBSCRIBE_KEY"])
    ] = Reference()
    dkim: Annotated[
        str,
        Meta(
            description="DNS name of your public key: `SELECTOR._domainkey.DOMAIN`; without it, emails are not signed "
            "here",
            examples=["s1._domainkey.example.org"],
            extra_json_schema={"pattern": r"^(.+\._domainkey\..+)?$"},
        ),
    ] = ""
    dkim_key: Annotated[
        Reference,
        Meta(description="reference to the private key, RSA in PEM (extra `dkim`)", examples=["file:dkim.pem"]),
    ] = Reference()
    _root: str = "."
    _subscribers: SubscriberSettings | None = None
    _subscribers_of: str = ""

    @property
    def sends(self) -> bool:
        """Whether emails are sent, and not only written as a file."""
        return bool(self.server) and self.send

    @property
    def line_breaks(self) -> "Wrap":
        """The setting `wrap`."""
        return cast("Wrap", self.wrap)

    @property
    def unsubscribe_url(self) -> str:
        """The URL of the unsubscribe page, with its placeholders; empty if they are not filled in."""
        if self._subscribers:
            return f"{self._subscribers.base}/leave/{{token}}" if self.sends else ""
        return self.unsubscribe if self.sends or "{" not in self.unsubscribe else ""

    def __post_init__(self) -> None:
        for key, value in (("from", self.from_), ("to", self.to), ("me", self.me)):
            if value:
                parse_mailbox_setting(key, value)
        _require_in_range("width", self.width, _WIDTHS, "columns", _WIDTH_HINT)
        _require_in_range("connections", self.connections, _CONNECTIONS, "at a time", "most servers accept 10")
        _require_one_of("wrap", self.wrap, _WRAPS, 'the default is wrap = "auto"')
        _require_one_of("uncertain", self.uncertain, _POLICIES, 'the default is uncertain = "ask"')
        _validate_recipients(self.recipients_)
        if self.server:
            parse_server(self.server)
        if self.unsubscribe:
            _validate_unsubscribe_url(self.unsubscribe)
        if self.dkim:
            _parse_dkim_domain(self.dkim)
        if self._subscribers:
            _reject_list_keys(
                recipients=self.recipients_, unsubscribe=self.unsubscribe, unsubscribe_key=self.unsubscribe_key
            )
        if self.send:
            self._require_related_keys()

    def _require_related_keys(self) -> None:
        """Raise ConfigError if a key is missing that another one needs, or does not go with it."""
        if self.server:
            parse_server(self.server, self.user, self.password)
            _require_addresses(self.from_, self.to, self.recipients_, has_list=self._subscribers is not None)
            if self._subscribers and self._subscribers.bounces:
                _require_aligned_bounces(self._subscribers.bounces, self.from_)
        else:
            for key in ("user", "password", "recipients", "me", "dkim"):
                _require_key("server", key, getattr(self, "recipients_" if key == "recipients" else key))
        if self.unsubscribe:
            _require_placeholder_values(self.unsubscribe, self.unsubscribe_key, has_server=bool(self.server))
        else:
            _require_key("unsubscribe", "unsubscribe_key", self.unsubscribe_key)
        if self.dkim:
            _require_aligned_signature(self.dkim, self.dkim_key, self.from_)
        else:
            _require_key("dkim", "dkim_key", self.dkim_key)


def resolve_sender(settings: EmailSettings, newsletter: Newsletter) -> tuple[Mailbox, Mailbox]:
    """Return the From and Reply-To mailboxes. Raises ConfigError when no usable sender is configured."""
    default_address = newsletter.email or f"newsletter@{urlsplit(newsletter.base).hostname}"
    default = parse_mailbox(default_address)
    sender = parse_mailbox_setting("from", settings.from_) if settings.from_ else default
    if sender is None:
        raise ConfigError(
            f"{default_address} cannot be the sender: not every mail server accepts it",
            'set an ASCII address below [channels.email]: from = "editor@example.org"',
        )
    named_sender = sender if sender.name else sender._replace(name=newsletter.name)
    return named_sender, default if default and newsletter.email else sender
