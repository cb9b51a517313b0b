"""Whether the ledger in its file is the newest there is: not one that was copied to another machine, nor one
that was put back from a backup. Both would send again what they do not know of.

The ledger remembers the machine, and counts how often it was used to send; the count also stands in
`ledger.seen` beside it. Several machines are meant to share a database, so that is always trusted.
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
    """Count a use of the ledger to send. Raises ConfigError when it is not to be trusted, StorageError."""
    verify_ledger(run)
    if run.config.ledger:
        return
    if not get_meta(run.ledger, "machine"):
        set_meta(run.ledger, "machine", identify_machine())
    _increment_uses(run)


def verify_ledger(run: RunContext) -> None:
    """Raise ConfigError when the ledger is not to be trusted, StorageError when that cannot be seen."""
    if run.config.ledger:
        return
    hint = "nothing is sent: compare it with what was sent, then publish trust-ledger"
    known, here = get_meta(run.ledger, "machine"), identify_machine()
    if known and here and known != here:
        raise ConfigError("the ledger belongs to another machine", hint)
    seen = _read_seen_uses(run)
    if seen > _read_ledger_uses(run):
        raise ConfigError("the ledger is older than the last one that was used here", hint)


def accept_ledger(run: RunContext) -> None:
    """Trust the ledger as it is, on this machine, from now on. Raises StorageError."""
    set_meta(run.ledger, "machine", identify_machine())
    _increment_uses(run, _read_seen_uses(run))


def identify_machine() -> str:
    """What tells this machine apart; "" where the system does not say."""
    # not to be told as it is: https://www.freedesktop.org/software/systemd/man/latest/machine-id.html
    with suppress(OSError):
        if found := Path("/etc/machine-id").read_bytes().strip():
            return hashlib.blake2b(found, digest_size=8, person=b"publisher").hexdigest()
    return ""


def _increment_uses(run: RunContext, at_least: int = 0) -> None:
    """In the ledger first: a crash in between must not look like an older ledger."""
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
    except ValueError:  # half of one from another program; the ledger says what is true
        return 0
    except OSError as error:
        raise wrap_os_error(f"cannot read {run.home.use_counter}", error) from error
