"""Languages and time zones that people write, and what is suggested instead."""

from __future__ import annotations

import zoneinfo

import pytest

from publisher.errors import ConfigError
from publisher.locales import _CITIES_BY_OFFSET, _MEANT_LANGUAGES, _MEANT_ZONES, validate_language, validate_timezone

ZONES = [
    ("PST", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("CST", "Asia/Shanghai or America/Chicago"),
    ("EDT", "America/New_York"),
    ("BST", "Europe/London"),
    ("IST", "Asia/Kolkata or Europe/Dublin or Asia/Jerusalem"),
    ("CEST", "Europe/Berlin"),
    ("JST", "Asia/Tokyo"),
    ("AKST", "America/Anchorage"),  # in no list: found by what the clocks there show
    ("UTC+8", "Asia/Shanghai"),
    ("GMT+8", "Asia/Shanghai"),
    ("UTC+08:00", "Asia/Shanghai"),
    ("+0800", "Asia/Shanghai"),
    ("UTC8", "Asia/Shanghai"),
    ("UTC-5", "America/New_York"),
    ("UTC+5:30", "Asia/Kolkata"),
    ("utc", "UTC"),
    ("Asia/Beijing", "Asia/Shanghai"),
    ("Beijing", "Asia/Shanghai"),
    ("北京", "Asia/Shanghai"),
    ("America/San_Francisco", "America/Los_Angeles"),
    ("Europe/Munich", "Europe/Berlin"),
    ("Berlin", "Europe/Berlin"),
    ("new york", "America/New_York"),
    ("Pacific Time", "America/Los_Angeles"),
    ("Asia/Shangai", "Asia/Shanghai"),
]


@pytest.mark.parametrize(("written", "meant"), ZONES)
def test_a_time_zone(written: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_timezone(written)
    assert caught.value.message == f'there is no time zone "{written}"'
    assert caught.value.hint == f"did you mean {meant}?"


@pytest.mark.parametrize("written", ["UTC+25", "", "nowhere at all", "../etc/passwd", "a\0b"])
def test_a_time_zone_that_is_no_guess(written: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_timezone(written)
    assert caught.value.hint == 'an IANA name, like timezone = "Asia/Shanghai"'


def test_every_suggested_zone_exists() -> None:
    known = zoneinfo.available_timezones()
    assert {name for names in _MEANT_ZONES.values() for name in names} | {*_CITIES_BY_OFFSET.values()} <= known


def test_the_cities_have_the_offset() -> None:
    """In winter or in summer, north or south of the equator."""
    import datetime as dt

    for minutes, name in _CITIES_BY_OFFSET.items():
        zone = zoneinfo.ZoneInfo(name)
        offsets = {dt.datetime(2024, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)}
        assert dt.timedelta(minutes=minutes) in offsets, name


LANGUAGES = [
    ("cz", "cs"),
    ("jp", "ja"),
    ("cn", "zh-CN"),
    ("ua", "uk"),
    ("dk", "da"),
    ("gr", "el"),
    ("eng", "en"),
    ("English", "en"),
    ("Chinese", "zh-CN"),
    ("中文", "zh-CN"),
    ("zh_CN", "zh-CN"),
    ("ptBR", "pt-BR"),
    ("en_us", "en-US"),
    ("en-UK", "en-GB"),
]


@pytest.mark.parametrize(("written", "meant"), LANGUAGES)
def test_a_language(written: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_language(written)
    assert caught.value.hint == f'did you mean lang = "{meant}"?'


@pytest.mark.parametrize(
    "written", ["en", "zh-CN", "zh-Hans-CN", "pt-BR", "EN", "yue", "gsw", "sr-Latn", "uk", "en-GB"]
)
def test_a_language_that_exists(written: str) -> None:
    assert validate_language(written) == written


@pytest.mark.parametrize("written", ["xx", "Chinese (Simplified)", "", "e"])
def test_a_language_that_is_no_guess(written: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_language(written)
    assert 'lang = "zh-CN" or "en"' in caught.value.hint


def test_every_suggested_language_exists() -> None:
    for meant in _MEANT_LANGUAGES.values():
        assert validate_language(meant) == meant
