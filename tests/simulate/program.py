"""`publish` as on one machine of several: MACHINE=name python -m tests.simulate.program COMMAND

Another MACHINE cannot see whether the processes of this one live, so their leases have to end by themselves. TIMEOUT
is how many seconds an email may take; a lease lasts twice that time. With ARRIVED=FILE no mail is sent: after PAUSE
seconds the recipient is noted there, so that millions can be.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from typing import Self

from msgspec.structs import replace

from publisher.channel import Part, Receipt, Session
from publisher.channels.email import Email
from publisher.cli.main import run_and_exit
from publisher.delivery import job
from publisher.ledger import process_id
from publisher.subscription import SubscriberAddress


class Noting(Session):
    """Notes recipients as `MailRecorder` does."""

    def __init__(self) -> None:
        self._pause = float(os.environ["PAUSE"])
        self._file = -1

    def __enter__(self) -> Self:
        self._file = os.open(os.environ["ARRIVED"], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._file)

    def deliver(
        self,
        part: Part,  # noqa: ARG002 - nothing is sent
        destination: str,
        first_attempt: dt.datetime | None = None,  # noqa: ARG002
        subscriber: SubscriberAddress | None = None,  # noqa: ARG002
    ) -> Receipt:
        time.sleep(self._pause)
        os.write(self._file, f"{time.time():.3f} {destination}\n".encode())
        return Receipt()


def note_instead_of_sending(self: Email) -> Session:
    return Noting()


if __name__ == "__main__":
    if "MACHINE" in os.environ:
        process_id._get_hostname = lambda: os.environ["MACHINE"]
    if timeout := os.environ.get("TIMEOUT"):
        Email.capabilities = replace(Email.capabilities, timeout=float(timeout))
        vars(job)["LONGEST_WAIT"] = dt.timedelta(0)
    if os.environ.get("ARRIVED"):
        Email.session = note_instead_of_sending  # type: ignore[method-assign]
    run_and_exit()
