"""Detects a ledger that does not know all that was sent, so that it would be sent again.

A ledger file may have been copied to another machine or folder, restored from a backup, or be new while the
newsletter is not. It stores the machine and the folder, and counts how often it was used to send; the count
is also in the file `ledger.seen` next to it. A database server may be shared by several machines, so there
only the age of the ledger is looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from publisher.archive.records import Record
from publisher.archive.revisions import Revisions
from publisher.channel import MessageChannel
from publisher.errors import ConfigError, PublisherError
from publisher.files import wrap_os_error, write_if_changed
from publisher.ledger.destinations import is_known_destination, save_destination_id
from publisher.ledger.meta import (
    find_nested_newsletters,
    get_meta,
    has_publications,
    increment_meta,
    rename_newsletter,
    set_meta,
)
from publisher.run import RunContext

_HINT = "nothing is sent: compare it with what was sent, then run publish trust-ledger"
_SHARED_ID_NAME = "id at "
_TRUSTED, _TOO_NEW = "trusted", "too new"


def begin_use(run: RunContext) -> None:
    """Record that the ledger is used to send.

    Raises ConfigError if it cannot be trusted, StorageError if it cannot be written.
    """
    verify_ledger(run)
    if run.config.ledger:
        return
    if not get_meta(run.ledger, "place"):
        set_meta(run.ledger, "place", identify_place(run.config.root))
    _increment_uses(run)


def verify_ledger(run: RunContext) -> None:
    """Raise ConfigError if the ledger cannot be trusted, StorageError if its counter cannot be read."""
    if get_meta(run.ledger, _age_name(run)) == _TOO_NEW:
        raise ConfigError("the ledger is new, but this newsletter was published before", _HINT)
    if run.config.ledger:
        return
    if expected := get_meta(run.ledger, "place"):
        machine, folder, path = expected.split(" ", 2)
        actual_machine, actual_folder, _ = identify_place(run.config.root).split(" ", 2)
        if machine != actual_machine:
            raise ConfigError("the ledger belongs to another machine", _HINT)
        if folder != actual_folder:
            raise ConfigError(f"the ledger belongs to another folder, which was at {path}", _HINT)
    seen = _read_seen_uses(run)
    if seen > _read_ledger_uses(run):
        raise ConfigError("the ledger is older than the one used here last", _HINT)


def accept_ledger(run: RunContext) -> None:
    """Trust the ledger as it is, in this folder on this machine, from now on. Raises StorageError."""
    set_meta(run.ledger, _age_name(run), _TRUSTED)
    if not run.config.ledger:
        set_meta(run.ledger, "place", identify_place(run.config.root))
        _increment_uses(run, _read_seen_uses(run))


def note_newsletter(run: RunContext, records: Iterable[Record]) -> None:
    """Record the newsletter's id, and when the ledger is used for the first time, whether the newsletter is older
    than it: one of the issues `records` has a page, or was published according to the revisions.

    Raises StorageError.
    """
    newsletter = run.config.newsletter
    if get_meta(run.ledger, _id_name(run)) != newsletter.id:
        set_meta(run.ledger, _id_name(run), newsletter.id)
    if get_meta(run.ledger, _age_name(run)):
        return
    published = set(Revisions(run.home.revisions).published_sources(newsletter.id).values())
    is_too_new = not has_publications(run.ledger, newsletter.id) and any(
        record.id in published or (run.config.root / newsletter.output_path(record.url)).exists()
        for record in records
        if record.url
    )
    set_meta(run.ledger, _age_name(run), _TOO_NEW if is_too_new else _TRUSTED)


def require_same_id(run: RunContext, *, accept: bool) -> None:
    """Raise ConfigError if issues were published under another id of the newsletter; with `accept` give all that
    was published to the new one. Also if its issues look like those of another newsletter.

    Feed readers would show every issue again. Raises StorageError.
    """
    if not run.has_ledger:
        return
    new, old = run.config.newsletter.id, get_meta(run.ledger, _id_name(run))
    if old == new:
        return
    if old and not accept:
        raise ConfigError(
            f'[newsletter] id is "{new}", but issues were published with "{old}": '
            "feed readers would show every subscriber all of them again",
            f'write id = "{old}" again, or go on with publish --accept-new-id',
        )
    _require_separate_id(run, old)
    if old and not run.dry_run:
        Revisions(run.home.revisions).rename_newsletter(old, new)
        rename_newsletter(run.ledger, old, new)


def learn_destination_ids(run: RunContext) -> None:
    """Ask the platform about each destination of the run that is not known, on channels where something was
    published before: it may be another name of the same chat.

    Without an answer it counts as another destination. Raises StorageError.
    """
    if not run.has_ledger:
        return
    for channel in run.channels:
        if not (isinstance(channel, MessageChannel) and run.is_sending_channel(channel)):
            continue
        if is_known_destination(run.ledger, channel.name, channel.active_destination):
            continue
        with suppress(PublisherError):  # sending will report the same
            if id_ := channel.identify_destination():
                save_destination_id(run.ledger, channel.name, channel.active_destination, id_)


def _require_separate_id(run: RunContext, former: str) -> None:
    """Raise ConfigError if another newsletter in the same database has an id that is the beginning of this one's
    or the reverse. `former`: the id of this newsletter until now."""
    newsletter_id = run.config.newsletter.id
    if others := find_nested_newsletters(run.ledger, newsletter_id, _SHARED_ID_NAME) - {former}:
        raise ConfigError(
            f'[newsletter] id is "{newsletter_id}", and another newsletter in this database has "{min(others)}": '
            "one is the beginning of the other, so their issues would be mixed up",
            "set another id",
        )


def _id_name(run: RunContext) -> str:
    """Return the name of the value with the newsletter's id: a database server may have several newsletters."""
    return f"{_SHARED_ID_NAME}{run.config.newsletter.url}" if run.config.ledger else "id"


def _age_name(run: RunContext) -> str:
    return f"age for {run.config.newsletter.id}"


def identify_place(root: Path) -> str:
    """Return the machine, the folder and its path, with spaces between: "MACHINE INODE /srv/news".

    A folder that is moved keeps its inode number, a copy has another.
    """
    folder = root.resolve()
    return f"{identify_machine() or '-'} {folder.stat().st_ino} {folder}"


def identify_machine() -> str:
    """Return an id of this machine, hex; empty if the system has none."""
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
