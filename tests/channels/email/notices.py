"""The text of a notice, and how tests read its mail."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

WORDS = "摘要里的数字错了：是三，不是五。"


def parsed(wire: bytes) -> EmailMessage:
    found = email.message_from_bytes(wire, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found
