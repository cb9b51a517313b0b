"""The fields of a form that is POSTed, by whatever sends it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.server.forms import parse_form

URLENCODED = "application/x-www-form-urlencoded"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x00"), max_size=40)
NAMES = st.text("abcdefgh-", min_size=1, max_size=10)


def build_multipart(fields: dict[str, str], boundary: str = "tide") -> tuple[str, bytes]:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return f"multipart/form-data; boundary={boundary}", f"{''.join(parts)}--{boundary}--\r\n".encode()


@given(st.dictionaries(NAMES, TEXTS, max_size=8))
def test_both_kinds_of_forms_are_read(fields: dict[str, str]) -> None:
    assert parse_form(URLENCODED, urlencode(fields).encode()) == fields
    assert parse_form(*build_multipart(fields)) == fields


@given(st.binary(max_size=300), st.sampled_from([URLENCODED, "multipart/form-data; boundary=tide", "text/plain", ""]))
def test_no_body_is_an_error(body: bytes, content_type: str) -> None:
    parse_form(content_type, body)
    parse_form(content_type, b"--tide\r\n" + body)


def nest_parts(depth: int) -> bytes:
    """A part within a part within a part …, as no browser sends it."""
    heads = (f"--{n:x}\r\nContent-Type: multipart/mixed; boundary={n + 1:x}\r\n\r\n" for n in range(depth))
    return "".join(heads).encode()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=0", nest_parts(1_000)),
        (
            "multipart/form-data; boundary=tide",
            b'--tide\r\nContent-Disposition: form-data; name="x" ;e*\r\n\r\nv\r\n--tide--\r\n',
        ),
    ],
    ids=["nested", "header"],
)
def test_what_the_parser_of_python_fails_on_has_no_fields(content_type: str, body: bytes) -> None:
    assert parse_form(content_type, body) == {}


@pytest.mark.parametrize(
    ("content_type", "body", "fields"),
    [
        (URLENCODED, b"List-Unsubscribe=One-Click", {"List-Unsubscribe": "One-Click"}),
        (f"{URLENCODED.upper()}; charset=UTF-8", b"a=b", {"a": "b"}),
        (URLENCODED, b"a=1&a=2&b=", {"a": "1", "b": ""}),
        (URLENCODED, b"a=%ff%fe", {"a": "\ufffd\ufffd"}),
        (URLENCODED, b"a=" + b"x" * 5_000 + b"&b=1", {"b": "1"}),
        (URLENCODED, b"&".join(b"a=1" for _ in range(30)), {}),
        ("application/json", b'{"a": 1}', {}),
        ("", b"a=b", {}),
        ("multipart/form-data", b"a=b", {}),
        (
            "multipart/form-data; boundary=tide",
            b'--tide\r\nContent-Disposition: form-data; name="a"; filename="x.txt"\r\n\r\nbig\r\n--tide--\r\n',
            {},
        ),
    ],
)
def test_what_is_no_form_has_no_fields(content_type: str, body: bytes, fields: dict[str, str]) -> None:
    assert parse_form(content_type, body) == fields
