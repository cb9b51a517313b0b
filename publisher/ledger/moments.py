"""Moments in the database: text that sorts, in UTC."""

from __future__ import annotations

import datetime as dt


def stamp(moment: dt.datetime) -> str:
    """A moment as text that sorts."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(stamp: str) -> dt.datetime:
    """The moment of such a text."""
    return dt.datetime.fromisoformat(stamp)
