"""Languages and time zones: which names there are, and what a wrong one was meant to be."""

from __future__ import annotations

import re
import zoneinfo

from publisher.errors import ConfigError, find_nearest

# ------------------------------------------------------------------- languages

# the two-letter codes of ISO 639-1: https://www.loc.gov/standards/iso639-2/php/code_list.php
_LANGUAGE_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es
et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj
kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv
ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th
ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"""
_LANGUAGES = frozenset(_LANGUAGE_CODES.split())

_MEANT_LANGUAGES = {
    # codes of countries, and old or longer codes
    "cn": "zh-CN", "cz": "cs", "dk": "da", "gb": "en-GB", "ge": "ka", "gr": "el", "in": "id", "ir": "fa", "iw": "he",
    "il": "he", "jp": "ja", "me": "sr", "mx": "es-MX", "rs": "sr", "sp": "es", "ua": "uk", "us": "en-US", "vn": "vi",
    "at": "de-AT", "ara": "ar", "ces": "cs", "chi": "zh", "cze": "cs", "deu": "de", "eng": "en", "fra": "fr",
    "fre": "fr", "ger": "de", "ita": "it", "jpn": "ja", "kor": "ko", "por": "pt", "rus": "ru", "spa": "es",
    "ukr": "uk", "zho": "zh",
    # names
    "arabic": "ar", "chinese": "zh-CN", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "italian": "it",
    "japanese": "ja", "korean": "ko", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt",
    "russian": "ru", "spanish": "es", "swedish": "sv", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
    "中文": "zh-CN", "汉语": "zh-CN", "简体中文": "zh-CN", "繁體中文": "zh-TW", "日本語": "ja", "한국어": "ko",
    "русский": "ru", "deutsch": "de", "español": "es", "français": "fr",
}  # fmt: skip


def validate_language(value: str) -> str:
    """Return the key `lang`, a language tag (BCP 47). Raises ConfigError, with the tag that was probably meant."""
    language, *rest = re.split("[-_]|(?<=^[a-z]{2})(?=[A-Z]{2}$)", value)
    code = language.lower()
    meant = _MEANT_LANGUAGES.get(code, "")
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", value):
        if code in _LANGUAGES and all(re.fullmatch("[A-Za-z0-9]{1,8}", part) for part in rest):  # zh_CN, ptBR
            meant = "-".join([code, *(part.upper() if len(part) == 2 else part for part in rest)])
        hint = f'did you mean lang = "{meant}"?' if meant else 'like lang = "zh-CN" or "en"'
        raise ConfigError(f'lang must be a language tag, not "{value}"', hint)
    if meant or (len(code) == 2 and code not in _LANGUAGES):
        hint = f'did you mean lang = "{meant}"?' if meant else 'a code of ISO 639, like lang = "zh-CN" or "en"'
        raise ConfigError(f'there is no language "{language}"', hint)
    if "uk" in map(str.lower, rest):
        raise ConfigError(f'there is no region "UK" in {value}', f'did you mean lang = "{language}-GB"?')
    return value


# ------------------------------------------------------------------ time zones

_CHINA = ("Asia/Shanghai",)
# abbreviations, and names of countries and of cities that have no zone of their own
_MEANT_ZONES: dict[str, tuple[str, ...]] = {
    "pst": ("America/Los_Angeles",), "pdt": ("America/Los_Angeles",), "pt": ("America/Los_Angeles",),
    "mdt": ("America/Denver",), "mt": ("America/Denver",), "cdt": ("America/Chicago",), "ct": ("America/Chicago",),
    "edt": ("America/New_York",), "et": ("America/New_York",), "cst": ("Asia/Shanghai", "America/Chicago"),
    "ist": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"), "bst": ("Europe/London",),
    "cest": ("Europe/Berlin",), "eest": ("Europe/Helsinki",), "west": ("Europe/Lisbon",), "msk": ("Europe/Moscow",),
    "jst": ("Asia/Tokyo",), "kst": ("Asia/Seoul",), "hkt": ("Asia/Hong_Kong",), "sgt": ("Asia/Singapore",),
    "aest": ("Australia/Sydney",), "aedt": ("Australia/Sydney",), "nzst": ("Pacific/Auckland",),
    "nzdt": ("Pacific/Auckland",), "brt": ("America/Sao_Paulo",), "z": ("UTC",), "utc": ("UTC",), "gmt": ("UTC",),
    "china": _CHINA, "beijing": _CHINA, "peking": _CHINA, "guangzhou": _CHINA, "shenzhen": _CHINA, "chengdu": _CHINA,
    "hangzhou": _CHINA, "nanjing": _CHINA, "wuhan": _CHINA, "xian": _CHINA, "tianjin": _CHINA, "北京": _CHINA,
    "上海": _CHINA, "中国": _CHINA, "北京时间": _CHINA, "india": ("Asia/Kolkata",), "delhi": ("Asia/Kolkata",),
    "new_delhi": ("Asia/Kolkata",), "mumbai": ("Asia/Kolkata",), "bangalore": ("Asia/Kolkata",),
    "bengaluru": ("Asia/Kolkata",), "chennai": ("Asia/Kolkata",), "osaka": ("Asia/Tokyo",), "kyoto": ("Asia/Tokyo",),
    "korea": ("Asia/Seoul",), "germany": ("Europe/Berlin",), "munich": ("Europe/Berlin",),
    "hamburg": ("Europe/Berlin",), "frankfurt": ("Europe/Berlin",), "cologne": ("Europe/Berlin",),
    "france": ("Europe/Paris",), "lyon": ("Europe/Paris",), "uk": ("Europe/London",), "england": ("Europe/London",),
    "manchester": ("Europe/London",), "edinburgh": ("Europe/London",), "spain": ("Europe/Madrid",),
    "barcelona": ("Europe/Madrid",), "milan": ("Europe/Rome",), "italy": ("Europe/Rome",),
    "geneva": ("Europe/Zurich",), "st_petersburg": ("Europe/Moscow",), "pacific": ("America/Los_Angeles",),
    "mountain": ("America/Denver",), "central": ("America/Chicago",), "eastern": ("America/New_York",),
    "san_francisco": ("America/Los_Angeles",), "seattle": ("America/Los_Angeles",), "boston": ("America/New_York",),
    "washington": ("America/New_York",), "miami": ("America/New_York",), "atlanta": ("America/New_York",),
    "philadelphia": ("America/New_York",), "austin": ("America/Chicago",), "dallas": ("America/Chicago",),
    "houston": ("America/Chicago",), "rio_de_janeiro": ("America/Sao_Paulo",), "brasilia": ("America/Sao_Paulo",),
}  # fmt: skip

# a large city for each offset from UTC, in minutes
_CITIES_BY_OFFSET = {
    -600: "Pacific/Honolulu", -540: "America/Anchorage", -480: "America/Los_Angeles", -420: "America/Denver",
    -360: "America/Chicago", -300: "America/New_York", -240: "America/Halifax", -210: "America/St_Johns",
    -180: "America/Sao_Paulo", -60: "Atlantic/Azores", 0: "UTC", 60: "Europe/Berlin", 120: "Europe/Helsinki",
    180: "Europe/Moscow", 210: "Asia/Tehran", 240: "Asia/Dubai", 270: "Asia/Kabul", 300: "Asia/Karachi",
    330: "Asia/Kolkata", 345: "Asia/Kathmandu", 360: "Asia/Dhaka", 390: "Asia/Yangon", 420: "Asia/Bangkok",
    480: "Asia/Shanghai", 540: "Asia/Tokyo", 570: "Australia/Darwin", 600: "Australia/Sydney", 660: "Pacific/Noumea",
    720: "Pacific/Auckland", 780: "Pacific/Tongatapu",
}  # fmt: skip

_CONTINENTS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def validate_timezone(value: str) -> str:
    """Return the key `timezone`, an IANA name. Raises ConfigError, with the names that were probably meant."""
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        names = " or ".join(_guess_zones(value))
        hint = f"did you mean {names}?" if names else 'an IANA name, like timezone = "Asia/Shanghai"'
        raise ConfigError(f'there is no time zone "{value}"', hint) from None
    return value


def _guess_zones(value: str) -> tuple[str, ...]:
    """Return the zones that a wrong name may stand for: an offset, an abbreviation, a city, or a misspelt name."""
    if offset := re.fullmatch(
        r"(?:(?:UTC|GMT)\s*(?=\d)|(?:UTC|GMT)?\s*([+\-\u2212]))\s*(\d{1,2})(?::?(\d\d))?", value.strip(), re.IGNORECASE
    ):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        city = _CITIES_BY_OFFSET.get(minutes if offset[1] in (None, "+") else -minutes)
        return (city,) if city else ()
    city = re.sub(r"[\s_']+", "_", value.rpartition("/")[2].strip().casefold()).removesuffix("_time")
    if meant := _MEANT_ZONES.get(city):
        return meant
    known = sorted(zoneinfo.available_timezones())
    by_city = [name for name in known if name.rpartition("/")[2].casefold() == city and "/" in name]
    if by_city:
        return (by_city[0],)
    if re.fullmatch("[A-Za-z]{3,5}", value) and (zones := _find_zones_by_abbreviation(value.upper(), known)):
        return zones
    nearest = find_nearest(value, known)
    return (nearest,) if nearest else ()


def _find_zones_by_abbreviation(abbreviation: str, names: list[str]) -> tuple[str, ...]:
    """Return the first zone of each continent in which clocks show an abbreviation, in winter or in summer."""
    import datetime as dt

    found: dict[str, str] = {}
    for name in names:
        continent, separator, _ = name.partition("/")
        if separator and continent in _CONTINENTS and continent not in found:
            zone = zoneinfo.ZoneInfo(name)
            if abbreviation in {dt.datetime(2024, month, 1, tzinfo=zone).tzname() for month in (1, 7)}:
                found[continent] = name
    return tuple(found.values())[:3]
