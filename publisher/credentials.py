"""Secrets: publisher.toml says where they are, they are read when needed, and never shown.

env:NAME                 an environment variable
file:PATH                a file that only its owner can read; ~ is the home folder
keyring:SERVICE/USER     an entry in the system's keyring; needs the extra `keyring`
credential:NAME          a file in $CREDENTIALS_DIRECTORY: https://systemd.io/CREDENTIALS/
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from publisher.errors import ConfigError
from publisher.redaction import redact_logs, register_secret

_REFERENCE = r"env:[A-Za-z_]\w*|file:[^\0\n]+|keyring:.+/[^/]+|credential:(?!\.)[\w.-]+"


class Reference(str):
    """Where a secret is stored: the type of a settings field that names a secret in publisher.toml."""

    @classmethod
    def from_toml(cls, value: object, folder: Path) -> Reference:
        """Return the reference; the path of a file is relative to `folder`.

        Raises ValueError with message and hint, without the value, which may be the secret itself.
        """
        if not isinstance(value, str) or not re.fullmatch(_REFERENCE, value, re.ASCII):
            raise ValueError(
                "must be a reference to the secret: publisher.toml never contains the secret itself · "
                'write "env:NAME", "file:PATH", "keyring:SERVICE/USER" or "credential:NAME"'
            )
        return cls(locate_file(value, folder))


def is_reference(text: str) -> bool:
    """Return whether a value that need not be a secret is a reference to one."""
    return re.fullmatch(_REFERENCE, text, re.ASCII) is not None


def locate_file(text: str, folder: Path) -> str:
    """Return a reference to a file with its absolute path, any other text unchanged."""
    kind, _, path = text.partition(":")
    return f"file:{folder / path}" if kind == "file" and not path.startswith("~") else text


def find_secret_file(reference: str) -> str:
    """Return the path of the file that a reference leads to; "" if it leads to none."""
    kind, _, name = reference.partition(":")
    if kind == "file":
        return os.path.expanduser(name)  # noqa: PTH111 - Path.expanduser raises an error without a home folder
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "") if kind == "credential" else ""
    return str(Path(folder, name)) if folder else ""


def resolve_secret(reference: str, *, lines: bool = False) -> str:
    """Return the secret without the newline at its end. From now on `redact` removes it, also from logs.

    A relative path is relative to the working folder; paths from publisher.toml have been made absolute.
    Raises ConfigError, which names the reference, when the secret is missing, empty or not UTF-8, has more
    than one line (allowed with `lines`), or is in a file that other users can read.
    """
    redact_logs()
    kind, _, name = reference.partition(":")
    if kind not in _SOURCES:  # it may be the secret itself, so it is not shown
        raise ConfigError("this is not a reference to a secret", f"begin it with {', '.join(_SOURCES)} and a colon")
    try:
        secret = _SOURCES[kind](name)
        secret = secret if lines and secret.strip() else _require_single_line(secret)
    except ConfigError as error:
        raise ConfigError(f"{reference}: {error.message}", error.hint) from None
    for line in filter(None, re.split("[\r\n]", secret)):
        register_secret(line)
    return secret


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
                raise ConfigError(f"other users can read the file (mode {mode:o})", f"chmod 600 {path}")
            return _decode_secret(file.read())
    except OSError as error:
        raise ConfigError(error.strerror or str(error), f"write the secret to {path}, then chmod 600") from None
    except RuntimeError as error:  # ~ of a user without a home folder
        raise ConfigError(str(error), "write the full path") from None


def _read_keyring(name: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        from publisher.installation import install_command

        raise ConfigError("keyring is not installed", install_command("keyring")) from None
    service, _, user = name.rpartition("/")
    try:
        secret = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ConfigError(f"the keyring cannot be read: {error}", "unlock it, or use another source") from None
    if secret is None:
        raise ConfigError("the keyring has no such entry", f"keyring set {service} {user}")
    return secret


def _read_systemd_credential(name: str) -> str:
    hint = f"in the systemd unit: LoadCredential={name}:/path/to/the/file"
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ConfigError("$CREDENTIALS_DIRECTORY is not set", hint)
    try:
        return _decode_secret(Path(folder, name).read_bytes())
    except OSError as error:
        raise ConfigError(error.strerror or str(error), hint) from None


def _decode_secret(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ConfigError("the secret is not UTF-8", "save it as UTF-8 text") from None


def _require_single_line(secret: str) -> str:
    """Return the secret without the newline that editors and echo add at its end."""
    secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigError("the secret is empty", "write the secret there")
    if re.search(r"[\r\n\0]", secret):  # it may become part of a header
        raise ConfigError("the secret has more than one line", "write it on one line, with nothing else")
    return secret


_SOURCES: dict[str, Callable[[str], str]] = {
    "env": _read_environment,
    "file": _read_secret_file,
    "keyring": _read_keyring,
    "credential": _read_systemd_credential,
}
