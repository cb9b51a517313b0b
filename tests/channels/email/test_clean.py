"""What never reaches a reader."""

from __future__ import annotations

import pytest

from publisher.channels.email.headers import clean_code_line
from publisher.mail_address import clean_text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("一二 three", "一二 three"),
        (" a  b\tc\nd\r\ne ", "a b c d e"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg", "a b c d e f g"),
        ("a\x00b\x07c\x1bd\x7fe\x9ff", "abcdef"),
        ("a\u202eb\u202cc\u2066d\u2069e", "abcde"),
        ("a\u200bb\ufeffc\u2060d\xade", "abcde"),
        ("a\ud800b", "ab"),
        ("\u3000一\u3000二", "\u3000一\u3000二"),
        ("1\u00a0kg", "1\u00a0kg"),
        ("👩\u200d🔬❤\ufe0f", "👩\u200d🔬❤\ufe0f"),
        ("\u200fשלום", "\u200fשלום"),
    ],
)
def test_clean_text_removes_invisible_characters_once(text: str, left: str) -> None:
    assert clean_text(text) == left
    assert clean_text(left) == left


@pytest.mark.parametrize(
    ("line", "left"),
    [("  a  =  b  ", "  a  =  b"), ("\tx\ty", "    x   y"), ("a\x1b[31mb\u202e", "a[31mb"), ("a\u2028b\x85c", "a b c")],
)
def test_code_keeps_its_spaces(line: str, left: str) -> None:
    assert clean_code_line(line) == left
