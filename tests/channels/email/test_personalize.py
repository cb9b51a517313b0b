"""The copies that readers get: the same mail for everybody, but for a few lines that are theirs."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import os
import re
import subprocess
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from publisher.channel import Part
from publisher.channels.email import Email
from publisher.channels.email.dkim import DkimSigner
from publisher.channels.email.personalize import MailTemplate
from publisher.channels.email.recipients import read_recipients
from publisher.errors import ConfigError
from publisher.mail_address import Mailbox, parse_recipient
from publisher.reader import parse_issue
from tests.channels.email.conftest import SAMPLE, render
from tests.channels.email.wire import faults
from tests.docs.pages import CHANNELS

LIN, XI = Mailbox("", "lin@example.net"), Mailbox("溪", "Xi@example.net")
PAGE = "https://ferry.example.org/leave?who={address}&token={token}"
LIVE = {"from_": "船长 <captain@ferry.example.org>", "server": "smtp://localhost", "recipients_": ("a@e.org",)}
OWN = (b"To: ", b"Message-ID: ", b"List-Unsubscribe: ", b"List-Unsubscribe-Post: ")


def template(**settings: object) -> Part:
    issue = parse_issue(SAMPLE, "2024-03-07.md")
    return render(issue, Email(**LIVE | settings)).parts[0]  # type: ignore[arg-type]


def copy(box: Mailbox, mail: bytes = b"", leave: str = "", secret: str = "") -> bytes:
    made = MailTemplate(mail or template().body, leave, secret).personalize(box)
    assert hashlib.sha256(made.body).digest() == made.digest
    return made.headers + made.body


def parsed(wire: bytes) -> EmailMessage:
    found = email.message_from_bytes(wire, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def rest(wire: bytes) -> bytes:
    """A mail without the lines that are a reader's own."""
    head, end, body = wire.partition(b"\r\n\r\n")
    lines = re.split(rb"\r\n(?![ \t])", head)
    return b"\r\n".join(line for line in lines if not line.startswith(OWN)) + end + body


def test_with_a_server_the_mail_alone_is_sent() -> None:
    live = render(parse_issue(SAMPLE, "2024-03-07.md"), Email(**LIVE))  # type: ignore[arg-type]
    files = render(parse_issue(SAMPLE, "2024-03-07.md"), Email(from_=str(LIVE["from_"])))
    assert (*live.parts, *live.previews) == files.parts
    assert [part.key for part in live.parts] == ["outbox/2024-03-07/email/message.eml"]


def test_personalize_differ_in_who_gets_them() -> None:
    mail = template().body
    lin, xi = copy(LIN), copy(XI)
    assert rest(lin) == rest(xi) == rest(mail)
    assert (parsed(lin)["To"], parsed(xi)["To"]) == ("lin@example.net", "溪 <Xi@example.net>")
    assert faults(lin) == faults(xi) == []
    assert parsed(lin)["List-Unsubscribe"] == parsed(mail)["List-Unsubscribe"]


def test_the_name_of_a_copy_is_its_own_and_always_the_same() -> None:
    def name(box: Mailbox, **settings: object) -> str:
        return str(parsed(copy(box, template(**settings).body))["Message-ID"])

    assert re.fullmatch(r"<2024-03-07\.[0-9a-f]{20}@ferry\.example\.org>", name(LIN))
    assert name(LIN) == name(LIN, wrap="hard") == name(LIN._replace(name="林", address="LIN+x@example.net"))
    assert len({name(LIN), name(XI), str(parsed(template().body)["Message-ID"])}) == 3


def test_an_address_that_is_not_in_ascii() -> None:
    wire = copy(Mailbox("", "林汐@xn--fsqu00a.example"))
    assert "\r\nTo: 林汐@xn--fsqu00a.example\r\n".encode() in wire
    assert rest(wire) == rest(copy(LIN))


# --------------------------------------------------------------------- leaving


def token_of(address: str) -> str:
    """The token of a reader, worked out anew."""
    mac = hmac.digest(b"tide", f"unsubscribe weekly.ferry.example.org {address}".encode(), "sha256")
    return urlsafe_b64encode(mac).decode()[:24]


def own_page(address: str) -> str:
    return f"https://ferry.example.org/leave?who={address}&token={token_of(address)}"


@pytest.mark.parametrize("wrap", ["flowed", "hard", "none"])
def test_everybody_has_a_way_out_of_their_own(wrap: str) -> None:
    mail = template(unsubscribe=PAGE, unsubscribe_key="env:X", wrap=wrap).body
    for box in (LIN, XI):
        wire = copy(box, mail, PAGE, "tide")
        page = own_page(box.address)
        assert parsed(wire)["List-Unsubscribe"] == (f"<{page}>, <mailto:editor@ferry.example.org?subject=unsubscribe>")
        assert f"List-Unsubscribe: <{page}>,".encode() in wire
        assert parsed(wire)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text = b64decode(wire.partition(b"\r\n\r\n")[2]).decode()
        assert f"\r\n{page}\r\n\r\n-- \r\n" in text
        assert text.replace(page, PAGE) == b64decode(mail.partition(b"\r\n\r\n")[2]).decode()
        assert wrap == "none" or faults(wire) == []
        assert b"{" not in wire


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("lin@example.net", "lin@example.net"),
        ("Lin Xi <Lin.Xi@Example.NET>", "Lin.Xi@Example.NET"),
        ("lin+tide+x@example.net", "lin+tide+x@example.net"),
        ("林汐　＜ｌｉｎ＋ｔｉｄｅ＠ｅｘａｍｐｌｅ．ｎｅｔ＞", "ｌｉｎ＋ｔｉｄｅ＠ｅｘａｍｐｌｅ．ｎｅｔ"),
        ("lin@例子。example", "lin@例子。example"),
        ("lin@XN--FSQU00A.example", "lin@XN--FSQU00A.example"),
        ("林汐@example.net", "林汐@example.net"),
        ("e\u0301cho@example.net", "e\u0301cho@example.net"),  # in another form than the mail is sent to
        ("o'lin@example.net", "o'lin@example.net"),
        ("100%25@example.net", "100%25@example.net"),
        ("a&token=x#y?{token}@example.net", "a&token=x#y?{token}@example.net"),
        ("a/b=`|~$!*^_-@example.net", "a/b=`|~$!*^_-@example.net"),
    ],
)
def test_page_finds_the_address_of_the_link_on_the_list(line: str, address: str) -> None:
    """As every page reads a query: + is a space, and what is behind % is an octet of UTF-8."""
    wire = copy(parse_recipient(line), template(unsubscribe=PAGE, unsubscribe_key="env:X").body, PAGE, "tide")
    header = str(parsed(wire)["List-Unsubscribe"])
    page = header[1 : header.index(">")]
    asked = urlsplit(page)
    assert parse_qsl(asked.query, strict_parsing=True) == [("who", address), ("token", token_of(address))]
    assert unquote(asked.query.partition("&")[0]) == f"who={address}"
    assert (asked.fragment, page.isascii()) == ("", True)
    text = b64decode(wire.partition(b"\r\n\r\n")[2]).decode()
    assert f"\r\n{page}\r\n\r\n-- \r\n" in text


def test_token_is_what_the_page_about_channels_computes() -> None:
    [command] = [sample.text for sample in CHANNELS.samples if "openssl dgst" in sample.text]
    address = "Lin+ｔide@例子.example"
    env = os.environ | {"LIST": "weekly.ferry.example.org", "ADDRESS": address, "KEY": "tide"}
    done = subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == f"{token_of(address)}\n"


def test_link_follows_the_list_and_duplicates_do_not(tmp_path: Path) -> None:
    """Two spellings of one address are one recipient with one Message-ID; the link is for the first spelling."""
    (tmp_path / "readers.txt").write_text("Lin+tide@Example.net\nlin@example.net\n", "utf-8")
    [reader] = read_recipients(tmp_path / "readers.txt")
    mail = template(unsubscribe=PAGE, unsubscribe_key="env:X").body
    first, second = copy(reader.mailbox, mail, PAGE, "tide"), copy(Mailbox("", "lin@example.net"), mail, PAGE, "tide")
    assert parsed(first)["Message-ID"] == parsed(second)["Message-ID"]
    assert f"who=Lin%2Btide@Example.net&token={token_of('Lin+tide@Example.net')}>".encode() in first


def test_only_the_end_of_the_text_is_encoded_anew() -> None:
    mail = template(unsubscribe=PAGE, unsubscribe_key="env:X").body
    lin, xi = (copy(box, mail, PAGE, "tide").split(b"\r\n") for box in (LIN, XI))
    assert len([line for line in lin if line not in xi]) <= 3 + 6  # of the head, of the text


def test_one_click_only_for_whoever_has_the_mail() -> None:
    """RFC 8058, section 3.1: else anybody could send everybody else away."""
    for page in ("https://ferry.example.org/leave", "https://ferry.example.org/leave?who={address}"):
        wire = copy(LIN, template(unsubscribe=page).body, page)
        assert parsed(wire)["List-Unsubscribe"].startswith(f"<{page.format(address='lin@example.net')}>, <mailto:")
        assert "List-Unsubscribe-Post" not in parsed(wire)


def test_an_address_cannot_say_more_than_it_is() -> None:
    wire = copy(
        Mailbox("", "a&token=x#{token}@example.net"),
        template(unsubscribe=PAGE, unsubscribe_key="env:X").body,
        PAGE,
        "t",
    )
    assert "who=a%26token%3Dx%23%7Btoken%7D@example.net&token=" in str(parsed(wire)["List-Unsubscribe"])


# -------------------------------------------------------------------- signing


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def save(folder: Path, key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    file = folder / "dkim.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    return f"file:{file}"


@pytest.fixture
def signer(tmp_path: Path, key: rsa.RSAPrivateKey) -> DkimSigner:
    return DkimSigner("tide._domainkey.ferry.example.org", save(tmp_path, key))


@pytest.fixture
def signed(signer: DkimSigner) -> bytes:
    mail = template(unsubscribe=PAGE, unsubscribe_key="env:X").body
    made = MailTemplate(mail, PAGE, "tide").personalize(XI)
    return signer.sign(made) + made.headers + made.body


Verifier = Callable[[bytes], bool]


@pytest.fixture(params=["dkimpy", "opendkim", "Mail::DKIM"])
def verifies(
    request: pytest.FixtureRequest, signer: DkimSigner, tmp_path: Path, need: Callable[[str], str]
) -> Verifier:
    """verifies(mail) asks a verifier of another project; the public key comes from a file and not from the
    DNS."""
    record, name = signer.dns_record, "tide._domainkey.ferry.example.org"

    def dkimpy(mail: bytes) -> bool:
        def answer(asked: bytes, timeout: int = 0) -> bytes:
            assert asked == f"{name}.".encode()
            return record.encode()

        return bool(dkim.verify(mail, dnsfunc=answer))

    def opendkim(mail: bytes) -> bool:
        (tmp_path / "keys").write_text(f"{name} {record}\n")
        (tmp_path / "mail").write_bytes(mail.replace(b"\r\n", b"\n"))
        (tmp_path / "conf").write_text(
            f"Mode v\nSyslog no\nTestPublicKeys {tmp_path}/keys\nSocket local:{tmp_path}/s\nUserID root\n"
        )
        command = [need("opendkim"), "-x", tmp_path / "conf", "-t", tmp_path / "mail", "-vv"]
        done = subprocess.run(command, capture_output=True, text=True)
        return "succeeded" in done.stdout + done.stderr

    def perl(mail: bytes) -> bool:
        program = (
            "my $r = shift; no warnings;"
            "*Mail::DKIM::Signature::get_public_key = sub { Mail::DKIM::PublicKey->parse($r) };"
            "my $d = Mail::DKIM::Verifier->new; local $/; $d->PRINT(<STDIN>); $d->CLOSE; print $d->result"
        )
        modules = ["-MMail::DKIM::Verifier", "-MMail::DKIM::PublicKey"]
        if subprocess.run([need("perl"), *modules, "-e", "1"], capture_output=True).returncode:
            need("Mail::DKIM")
        done = subprocess.run(["perl", *modules, "-e", program, record], input=mail, capture_output=True)
        return done.stdout == b"pass"

    return {"dkimpy": dkimpy, "opendkim": opendkim, "Mail::DKIM": perl}[request.param]


def test_a_signature_is_good(signed: bytes, verifies: Verifier) -> None:
    assert verifies(signed)


def test_a_changed_mail_is_not(signed: bytes, verifies: Verifier) -> None:
    body = signed.index(b"\r\n\r\n") + 40
    changes = [
        signed[:body] + bytes([signed[body] ^ 1]) + signed[body + 1 :],
        signed.replace(b"Subject: ", b"Subject: x"),
        signed.replace(b"who=Xi", b"who=Li"),
        signed.replace(b"\r\nFrom: ", b"\r\nSubject: another\r\nFrom: "),
        signed.replace(b"\r\nFrom: ", b"\r\nReply-To: another@example.net\r\nFrom: ", 1),
    ]
    for changed in changes:
        assert changed != signed
        assert not verifies(changed)


def test_the_form_of_a_signature(signed: bytes) -> None:
    """And what Gmail and RFC 8058, section 4, want to be signed."""
    line = re.match(rb"DKIM-Signature: (?:[^\r]|\r\n )*\r\n", signed)
    assert line
    assert max(map(len, line[0].split(b"\r\n"))) <= 78
    names = re.search(r"\bh=([^;]*)", line[0].decode())
    assert names
    covered = set(re.findall(r"[\w-]+", names[1]))
    assert covered >= {name.lower() for name, _ in parsed(signed).items() if name != "DKIM-Signature"}


def test_the_same_mail_has_the_same_signature(signer: DkimSigner) -> None:
    made = MailTemplate(template().body).personalize(LIN)
    assert signer.sign(made) == signer.sign(MailTemplate(template().body).personalize(LIN))


def test_a_key_that_cannot_sign(tmp_path: Path, need: Callable[[str], str]) -> None:
    place = "s._domainkey.example.org"
    bad = tmp_path / "bad.pem"
    secret = b64encode(b"this is not a key of any kind").decode()
    for body in (f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n", "x", "\n"):
        bad.write_text(body)
        bad.chmod(0o600)
        with pytest.raises(ConfigError) as caught:
            DkimSigner(place, f"file:{bad}")
        assert secret not in str(caught.value)
        assert caught.value.hint
    small = tmp_path / "small.pem"
    subprocess.run([need("openssl"), "genrsa", "-out", small, "768"], check=True, capture_output=True)
    small.chmod(0o600)
    for reference in (save(tmp_path, ed25519.Ed25519PrivateKey.generate()), f"file:{small}"):
        with pytest.raises(ConfigError, match="not an unencrypted RSA private key of at least 1024 bits"):
            DkimSigner(place, reference)
    bad.chmod(0o644)
    with pytest.raises(ConfigError, match="other users can read the file"):
        DkimSigner(place, f"file:{bad}")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cryptography.hazmat.primitives.asymmetric.rsa", None)
    with pytest.raises(ConfigError, match="cryptography is not installed") as caught:
        DkimSigner("s._domainkey.example.org", "env:X")
    assert "[dkim]" in caught.value.hint


def test_no_line_of_a_key_is_ever_shown(tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
    from publisher.redaction import redact

    reference = save(tmp_path, key)
    DkimSigner("s._domainkey.example.org", reference)
    pem = Path(reference.removeprefix("file:")).read_text().splitlines()
    assert redact(f"it says {pem[3]} there") == "it says [secret] there"
    assert redact("nothing") == "nothing"


def test_the_key_of_the_hint_is_taken(tmp_path: Path, need: Callable[[str], str]) -> None:
    file = tmp_path / "made.pem"
    subprocess.run([need("openssl"), "genrsa", "-out", file, "2048"], check=True, capture_output=True)
    file.chmod(0o600)
    assert DkimSigner("s._domainkey.example.org", f"file:{file}").dns_record.startswith("v=DKIM1; k=rsa; p=MIIB")
