"""Guesses the language of a text by its script and its most frequent words. Pure."""

from __future__ import annotations

import re
from collections import Counter

_SCRIPTS = (
    ("zh", r"[\u3400-\u9fff\uf900-\ufaff]"),
    ("ja", r"[\u3041-\u30ff\uff66-\uff9f]"),
    ("ko", r"[\uac00-\ud7af\u1100-\u11ff]"),
    ("ar", r"[\u0600-\u06ff]+"),
    ("he", r"[\u0590-\u05ff]+"),
    ("ru", r"[\u0400-\u04ff]+"),
    ("el", r"[\u0370-\u03ff]+"),
    ("th", r"[\u0e00-\u0e7f]"),
    ("hi", r"[\u0900-\u097f]+"),
    ("latin", r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+"),
)
"""A word of each script: of those written without spaces, a character. In a text about software, many words are in
Latin letters whatever its language is."""

_LATIN_SHARE = 0.75
"""A text of so many Latin words is in a language with Latin letters."""
_CHARACTERS_PER_WORD = 2

_VARIANTS = {"ru": (("uk", "[іїєґІЇЄҐ]"), ("bg", "[ѝЪъ](?=[а-я])")), "ar": (("fa", "[پچژگ]"), ("ur", "[ٹڈڑے]"))}
_TRADITIONAL = "們這個來時說國會後對為學發過還進開關點與從應實現經長"
_SIMPLIFIED = "们这个来时说国会后对为学发过还进开关点与从应实现经长"

_STOP_WORDS = {
    "en": "the and of to in is for that with this on are it from was",
    "de": "der die und das ist nicht mit ein eine für auf den von zu wir",
    "fr": "les des est une dans pour que qui sur pas avec sont nous du et",
    "es": "los las una para que con por del es en más como está y el",
    "pt": "os uma para que com não por mais como dos da em do é são",
    "it": "il che di per non una sono con del della gli più è le",
    "nl": "de het een van en is niet met voor dat zijn op te wij",
    "sv": "och att det som är en på för med inte av den till vi",
    "da": "og det er en at på til med ikke af den for som vi",
    "pl": "nie się na jest do że to jak przez dla oraz są w z",
    "tr": "bir ve bu için ile de da çok olarak daha gibi olan",
    "vi": "và của là có cho được một không trong các với này",
    "id": "yang dan di untuk dengan ini itu dari adalah tidak pada",
    "cs": "je se na že to jako pro jsou který ale nebo jako",
}
_SAMPLE_WORDS = 4_000
_MIN_STOP_WORDS = 3
_STOP_WORD_EVERY = 20
"""A text in a language has one of these words among so many."""


def guess_language(text: str) -> str:
    """Return the language tag of a text: zh-CN, en, ja, …; "en" if it is not clear."""
    text = _strip_markup(text)
    counts = Counter({name: len(re.findall(pattern, text)) for name, pattern in _SCRIPTS})
    latin = counts.pop("latin")
    # without spaces, characters are counted, of which a word has about two
    weights = {
        name: count / (_CHARACTERS_PER_WORD if name in ("zh", "ja", "ko", "th") else 1)
        for name, count in counts.items()
    }
    eastern = weights["zh"] + weights["ja"]
    script = "ja" if weights["ja"] > eastern / 10 and eastern else max(weights, key=lambda name: weights[name])
    own = eastern if script in ("zh", "ja") else weights[script]
    if not own or latin > (own + latin) * _LATIN_SHARE:
        return _guess_latin(text)
    if script == "zh":
        marks = [sum(map(text.count, letters)) for letters in _split_shared(_TRADITIONAL, _SIMPLIFIED)]
        return "zh-TW" if marks[0] > marks[1] else "zh-CN"
    for variant, pattern in _VARIANTS.get(script, ()):
        if len(re.findall(pattern, text)) * 50 > own:
            return variant
    return script


def _split_shared(first: str, second: str) -> tuple[str, str]:
    """Return the characters that only one of the two texts has."""
    return "".join(set(first) - set(second)), "".join(set(second) - set(first))


def _guess_latin(text: str) -> str:
    words = Counter(re.findall(r"[^\W\d_]+", text.lower())[:_SAMPLE_WORDS])
    scores = {lang: sum(words[word] for word in stop.split()) for lang, stop in _STOP_WORDS.items()}
    best = max(scores, key=lambda lang: scores[lang])
    is_clear = scores[best] > scores["en"] and scores[best] >= max(_MIN_STOP_WORDS, words.total() / _STOP_WORD_EVERY)
    return best if is_clear else "en"


def _strip_markup(text: str) -> str:
    """Remove front matter keys, code, HTML tags and addresses, which are in no language."""
    text = re.sub(r"(?ms)^ {0,3}(```|~~~).*?^ {0,3}\1|<[^>\n]{1,500}>|`[^`\n]*`", " ", text)
    return re.sub(r"\]\([^)\s]*\)|(?m:^\[[^\]]+\]:.*$)|\w+://\S+|(?m:^[A-Za-z_-]+: )", " ", text)
