"""Every message of every issue is one that Telegram takes, whole and with no link it was not given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DETAILS = ("titles", "summaries", "full")
ROOT = Path(__file__).parents[3]
OWN = sorted([*ROOT.glob("templates/sample-*.md"), *ROOT.glob("tests/judges/issues/*.md")])


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_our_issues(path: Path, detail: str, send, accepted, complete) -> None:
    sent = send(path.read_text("utf-8").replace("@date@", "2024-05-20"), detail=detail)
    accepted(sent)
    complete(sent)


@pytest.mark.parametrize("detail", DETAILS)
def test_real_issues(corpus: Path, detail: str, send: Callable[..., Any], accepted, complete) -> None:
    """Titles alone are one message, and so is or nearly so a digest; a whole issue is three at most."""
    most = {"titles": 1, "summaries": 2, "full": 3}[detail]
    count = 0
    for path in sorted([*corpus.glob("*/*.md"), *corpus.glob("seeds/*.txt")]):
        sent = send(path.read_text("utf-8"), detail=detail)
        accepted(sent)
        complete(sent)
        if path.parent.name == "issues":
            assert len(sent.calls) <= most, path.name
        count += len(sent.calls)
    assert count > 30
