"""Detects a ledger file that was copied to another machine or restored from a backup.

Such a ledger lacks later deliveries, which would be sent again. The ledger stores the machine and counts how
often it was used to send; the count is also in the file `ledger.seen` next to it. A database server may be
shared by several machines, so it is always trusted.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from publisher.errors import ConfigError
from publisher.files import wrap_os_error, write_if_changed
from publisher.ledger.meta import get_meta, increment_meta, set_meta
from publisher.run import RunContext


def begin_use(run: RunContext) -> None:
    """Record that the ledger is used to send.

    Raises ConfigError if it cannot be trusted, StorageError if it cannot be written.
    """
    verify_ledger(run)
    if run.config.ledger:
        return
    if not get_meta(run.ledger, "machine"):
        set_meta(run.ledger, "machine", identify_machine())
    _increment_uses(run)


def verify_ledger(run: RunContext) -> None:
    """Raise ConfigError if the ledger cannot be trusted, StorageError if its counter cannot be read."""
    if run.config.ledger:
        return
    hint = "nothing is sent: compare it with what was sent, then run publish trust-ledger"
    expected, actual = get_meta(run.ledger, "machine"), identify_machine()
    if expected and actual and expected != actual:
        raise ConfigError("the ledger belongs to another machine", hint)
    seen = _read_seen_uses(run)
    if seen > _read_ledger_uses(run):
        raise ConfigError("the ledger is older than the one used here last", hint)


def accept_ledger(run: RunContext) -> None:
    """Trust the ledger as it is on this machine from now on. Raises StorageError."""
    set_meta(run.ledger, "machine", identify_machine())
    _increment_uses(run, _read_seen_uses(run))


def identify_machine() -> str:
    """Return an ID of this machine, hex; empty if the system has none."""
    # hashed, because it must not be exposed as it is: https://www.freedesktop.org/software/systemd/man/latest/machine-id.html
    with suppress(OSError):
        if machine_id := Path("/etc/machine-id").read_bytes().strip():
            return hashlib.blake2b(machine_id, digest_size=8, person=b"publisher").hexdigest()
    return ""


def _increment_uses(run: RunContext, at_least: int = 0) -> None:
    """Count one more use, in the ledger first: a crash in between must not look like an older ledger."""
    uses = increment_meta(run.ledger, "uses", at_least)
    write_if_changed(run.home.use_counter, b"%d\n" % uses)
    run.home.write_gitignore()


def _read_ledger_uses(run: RunContext) -> int:
    return int(get_meta(run.ledger, "uses") or 0)


def _read_seen_uses(run: RunContext) -> int:
    try:
        return int(run.home.use_counter.read_bytes())
    except FileNotFoundError:
        return 0
    except ValueError:  # damaged by another program; then only the count in the ledger is used
        return 0
    except OSError as error:
        raise wrap_os_error(f"cannot read {run.home.use_counter}", error) from error
