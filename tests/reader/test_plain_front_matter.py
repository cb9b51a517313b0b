"""Front matter of plain `key: value` lines is read without PyYAML, and as PyYAML would read it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.reader import parse_issue
from publisher.reader.front_matter import _SIMPLE_PAIR

PLAIN = ["2026-11-20 08:00:00", "2026-11-20T08:00:00+08:00", "08:00", "https://example.org/a", "第 12 期：题", "a:b"]


@pytest.mark.parametrize("value", PLAIN)
def test_a_colon_inside_a_value_is_plain(value: str) -> None:
    match = _SIMPLE_PAIR.match(f"date: {value}")
    assert match
    assert match[2] == value


@pytest.mark.parametrize("value", ["a: b", "a:", "a:\tb", "a #b", ": a"])
def test_what_is_not_plain_is_left_to_the_library(value: str) -> None:
    assert not _SIMPLE_PAIR.match(f"key: {value}")


@given(st.text(alphabet="aB1 :#-,.+/题：'\"[]{}&*!|>%@`?~", max_size=20))
@example("10:30 - 11:00")
@example("a:,b")
def test_plain_values_are_those_of_yaml(value: str) -> None:
    match = _SIMPLE_PAIR.match(f"key: {value}")
    if match:
        text = (match[2] or "").strip()
        text = text[1:-1] if text[:1] in ("'", '"') else text
        assert yaml.load(f"key: {value}", Loader=yaml.BaseLoader) == {"key": text}


def test_a_date_with_a_time_needs_no_library() -> None:
    issue = "---\nlayout: post\ndate: 2026-11-20 08:00:00 +0800\n---\n# 题\n\n- 甲\n"
    assert str(parse_issue(issue, "1.md").date) == "2026-11-20"
    code = f"import sys, publisher.reader as r; r.parse_issue({issue!r}, '1.md'); print('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
