"""A Postfix of our own on this machine, which delivers every mail to one Maildir. Nothing leaves the machine.

Who is written to decides what happens: bounce-…@ does not exist, full-…@ has no room, defer-…@ is busy just
now, blocked-…@ refuses the sender. late-bounce-…@, late-full-…@, late-blocked-…@ and late-spam-…@ are accepted, and
returned to the sender afterwards. Everybody else gets the mail. Bare line feeds are refused.
"""

from __future__ import annotations

import email
import email.policy
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.servers.smtp_sink import free_port, wait_for

PROGRAM = "/usr/sbin/postfix"
_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/lib
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.tide.example.org
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
alias_maps =
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
virtual_mailbox_domains = regexp:{{{{/./ OK}}}}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = regexp:{{{{/./ all/}}}}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/conf/readers, permit_mynetworks, reject
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtputf8_enable = yes
strict_rfc821_envelopes = yes
smtpd_reject_unlisted_recipient = no
smtpd_forbid_bare_newline = reject
smtpd_forbid_bare_newline_exclusions =
transport_maps = regexp:{folder}/conf/transport
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_chain_files = {certificate}
"""
_READERS = """\
/^bounce-/  550 5.1.1 User unknown
/^defer-/   450 4.2.1 Mailbox busy, try later
/^full-/    552 5.2.2 Mailbox full
/^blocked-/ 550 5.7.26 Your email has been blocked because the sender is unauthenticated
"""
_TRANSPORT = """\
/^late-bounce-/  error:5.1.1 User unknown
/^late-full-/    error:5.2.2 Mailbox full
/^late-blocked-/ error:5.7.26 Unauthenticated email from news.example is not accepted
/^late-spam-/    error:5.7.1 Message rejected as spam by content filtering
"""


class Postfix:
    """Runs it; that needs root. It offers TLS with a `certificate`, a file that has its key as well."""

    def __init__(self, certificate: Path) -> None:
        self.port = free_port()
        self.certificate = certificate

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._folder = folder = Path(tempfile.mkdtemp())
        folder.chmod(0o755)
        for name in ("conf", "spool", "mail", "lib"):
            (folder / name).mkdir()
        nobody = pwd.getpwnam("nobody")
        shutil.chown(folder / "mail", "nobody")
        shutil.chown(folder / "lib", "postfix")
        certificate = shutil.copy(self.certificate, folder / "conf")
        main = _MAIN.format(folder=folder, uid=nobody.pw_uid, gid=nobody.pw_gid, certificate=certificate)
        (folder / "conf" / "main.cf").write_text(main)
        (folder / "conf" / "readers").write_text(_READERS)
        (folder / "conf" / "transport").write_text(_TRANSPORT)
        (folder / "conf" / "master.cf").write_text(self._services())
        self._run("start")
        wait_for(self.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _services(self) -> str:
        """Return the default master.cf with our port and without chroot."""
        text = Path("/usr/share/postfix/master.cf.dist").read_text()
        text = re.sub(r"(?m)^smtp +inet +n .*", f"127.0.0.1:{self.port} inet n - n - - smtpd", text)
        text = re.sub(r"(?m)^([a-z-]+ +(?:unix|fifo|pass) +[-yn] +[-yn] +)[-y] ", r"\1n ", text)
        return text if "\npostlog " in text else text + "postlog unix-dgram n - n - 1 postlogd\n"

    def _run(self, word: str) -> None:
        subprocess.run([PROGRAM, "-c", self._folder / "conf", word], check=True, capture_output=True)

    @property
    def maildir(self) -> Path:
        """Where all mail ends."""
        return self._folder / "mail" / "all"

    def wait(self, count: int) -> list[EmailMessage]:
        """The mails that arrived, once there are so many."""
        end = time.monotonic() + 300
        while len(found := [*self._folder.glob("mail/all/new/*")]) < count and time.monotonic() < end:
            time.sleep(0.02)
        made = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in found]
        return [mail for mail in made if isinstance(mail, EmailMessage)]

    @property
    def warnings(self) -> list[str]:
        """What its log complains about."""
        log = (self._folder / "maillog").read_text()
        return [line for line in log.splitlines() if re.search(r"\b(?:warning|error|fatal|panic):", line)]
