"""Secrets: publisher.toml says where they are, they are read when needed, and nothing printed shows them.

env:NAME                 a variable of the environment
file:PATH                a file that only its owner may read; ~ is the home folder
keyring:SERVICE/USER     an entry of the system's keyring, with the extra `keyring`
credential:NAME          a file of $CREDENTIALS_DIRECTORY: https://systemd.io/CREDENTIALS/
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from publisher.errors import ConfigError

if TYPE_CHECKING:
    from logging import LogRecord

Reference = Annotated[str, "Reference"]
"""Where a secret is: the type of a channel's field whose key in publisher.toml names one."""

REDACTED = "[secret]"
"""What stands in the place of a secret."""

_LOGGERS_WITH_URLS = ("httpx", "httpcore", "telegram")

_known_secrets: set[str] = set()


def resolve_secret(reference: Reference, *, lines: bool = False) -> str:
    """The secret, without the newline at its end. From now on `redact` knows it, and logs are quiet.

    A relative path counts from the working folder; those of publisher.toml are absolute by now. Raises
    ConfigError, which names the reference, when the secret is not there, is empty, is not UTF-8, has more
    than one line and not `lines`, or lies in a file that others may read.
    """
    redact_logs()
    kind, _, name = reference.partition(":")
    if kind not in _SOURCES:  # it may be the secret itself, so it is not repeated
        raise ConfigError(
            "this is no reference to a secret", f"begin it with {', '.join(_SOURCES)} and a colon"
        )
    try:
        secret = _SOURCES[kind](name)
        secret = secret if lines and secret.strip() else _require_single_line(secret)
    except ConfigError as error:
        raise ConfigError(f"{reference}: {error.message}", error.hint) from None
    for line in filter(None, re.split("[\r\n]", secret)):
        _known_secrets.update(_encode_variants(line))
    return secret


def redact(text: str) -> str:
    """The text with `[secret]` in the place of every secret that was resolved, and of what looks like one: a
    bot's token, the value of access_token, secret or Authorization, the password in an address."""
    for spelling in sorted(_known_secrets, key=len, reverse=True):  # one may be part of another
        text = text.replace(spelling, REDACTED)
    folded = text.casefold()
    if any(
        mark in folded for mark in _SECRET_HINTS
    ):  # all that matches has one; to compile takes a millisecond
        text = re.sub(_SECRET_PATTERN, rf"\1\2\3{REDACTED}", text)
    return text


def redact_logs() -> None:
    """Keep secrets out of the logs: libraries that log whole addresses are silenced below WARNING, and all
    that the handlers of the root logger write is redacted. Call it again when there is a new handler."""
    import logging

    for name in _LOGGERS_WITH_URLS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler:
            handler.addFilter(_redact_record)


# ------------------------------------------------------------------- sources


def _read_environment(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise ConfigError("the variable is not set", f"export {name}=… before you publish") from None


def _read_secret_file(name: str) -> str:
    path = Path(name)
    try:
        path = path.expanduser()
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            if os.name == "posix" and mode & 0o077:
                raise ConfigError(f"others may read the file, its mode is {mode:o}", f"chmod 600 {path}")
            return _decode_secret(file.read())
    except OSError as error:
        raise ConfigError(
            error.strerror or str(error), f"write the secret to {path}, then chmod 600"
        ) from None
    except RuntimeError as error:  # ~ of somebody who has no home
        raise ConfigError(str(error), "write the whole path") from None


def _read_keyring(name: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise ConfigError("keyring is not installed", "pip install 'newsletter-publisher[keyring]'") from None
    service, _, user = name.rpartition("/")
    try:
        secret = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ConfigError(
            f"the keyring cannot be read: {error}", "unlock it, or use another source"
        ) from None
    if secret is None:
        raise ConfigError("the keyring has no such entry", f"keyring set {service} {user}")
    return secret


def _read_systemd_credential(name: str) -> str:
    hint = f"in the unit of systemd: LoadCredential={name}:/path/of/the/file"
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ConfigError("there is no $CREDENTIALS_DIRECTORY", hint)
    try:
        return _decode_secret(Path(folder, name).read_bytes())
    except OSError as error:
        raise ConfigError(error.strerror or str(error), hint) from None


def _decode_secret(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ConfigError("the secret is not UTF-8", "write it again, as text") from None


def _require_single_line(secret: str) -> str:
    """The secret without the newline that editors and echo put at its end."""
    secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigError("the secret is empty", "write it there")
    if re.search(r"[\r\n\0]", secret):  # it may become part of a header
        raise ConfigError("the secret has more than one line", "write it on one line, with nothing else")
    return secret


_SOURCES: dict[str, Callable[[str], str]] = {
    "env": _read_environment,
    "file": _read_secret_file,
    "keyring": _read_keyring,
    "credential": _read_systemd_credential,
}


# ----------------------------------------------------------------- redaction

_SECRET_HINTS = (":", "%3a", "token", "secret", "authorization")
_SECRET_PATTERN = r"""(?xi)
      bot[0-9]+ (?: : | %3A ) [a-z0-9_-]+                        # in the addresses of Telegram's Bot API
    | (?<![0-9]) [0-9]{6,} (?: : | %3A ) [a-z0-9_-]{30,}         # a bot's token by itself
    | ( (?: access_token | secret ) =                            # WeChat's, in addresses and in bodies
      | app_?secret \s* : \s*
      | ["'] \w* (?: access_token | secret ) \\?["'] \s* : \s* \\?["'] ) [^\s&"'\\]+
    | ( :// [^\s/:@]* : ) [^\s/]+ (?=@)
    | ( authorization [\\"']* \s* [:=,] \s* (?: b? [\\"'] )* ) [^\s\\"'] [^\n\\"']*
"""


def _encode_variants(secret: str) -> set[str]:
    """The secret, and what it looks like in an address, in JSON and in what Python shows of a string."""
    from json import dumps
    from urllib.parse import quote, quote_plus

    in_an_address = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return {secret, dumps(secret)[1:-1], repr(secret)[1:-1]} | in_an_address


def _redact_record(record: LogRecord) -> bool:
    """A filter of a log handler: it lets every record pass, redacted."""
    from logging import Formatter

    try:
        message = record.getMessage()
    except Exception:  # logging tells of wrong arguments by printing them
        message = f"{record.msg} {record.args}"
    record.msg, record.args = redact(message), None
    if record.exc_info:
        record.exc_text = Formatter().formatException(record.exc_info)
        record.exc_info = None  # or the next handler formats it anew
    if record.exc_text:
        record.exc_text = redact(record.exc_text)
    if record.stack_info:
        record.stack_info = redact(record.stack_info)
    return True
