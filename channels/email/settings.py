"""The keys below [channels.email]."""

from __future__ import annotations

from pathlib import Path

from publisher.channels.email import values
from publisher.channels.email.server import server
from publisher.credentials import Reference
from publisher.dataclass import dataclass

_WRAPS = ("flowed", "hard", "none")
_WIDTHS = range(40, 77)  # a flowed line has two more and must not have over 78 (RFC 3676, section 4.2)
_ROOM = "72 leaves room for the marks of two replies in a window of 80"
_POLICIES = ("ask", "resend", "skip")
_CONNECTIONS = range(1, 101)


@dataclass(frozen=True, slots=True)
class Settings:
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
                values.sender(key, value)
        values.between("width", self.width, _WIDTHS, "columns", _ROOM)
        values.between("connections", self.connections, _CONNECTIONS, "at a time", "most servers take 10")
        values.one_of("wrap", self.wrap, _WRAPS, '"flowed" suits most readers: wrap = "flowed"')
        values.one_of("uncertain", self.uncertain, _POLICIES, 'without it, it is uncertain = "ask"')
        if self.server:
            server(self.server, self.user, self.password)
            values.readers(self.from_, self.to, self.recipients_)
        else:
            for key in ("user", "password", "recipients", "me", "dkim"):
                values.needs("server", key, getattr(self, "recipients_" if key == "recipients" else key))
        if self.unsubscribe:
            values.page(self.unsubscribe, self.unsubscribe_key, sends=bool(self.server))
        else:
            values.needs("unsubscribe", "unsubscribe_key", self.unsubscribe_key)
        if self.dkim:
            values.signing(self.dkim, self.dkim_key, self.from_)
        else:
            values.needs("dkim", "dkim_key", self.dkim_key)
