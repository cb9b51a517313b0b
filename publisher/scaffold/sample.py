"""The sample newsletters: one in English, one in Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from publisher import templates
from publisher.errors import ConfigError

_ISSUES = 3


class Sample(Struct, frozen=True):
    """A newsletter to try the program with. `slug` is the last part of its URL."""

    lang: str
    name: str
    tagline: str
    slug: str

    def load_issues(self) -> Iterator[str]:
        """Yield the texts of the issues, newest first; `@date@` stands for the date."""
        for number in range(_ISSUES, 0, -1):
            file = f"sample-{self.lang.partition('-')[0]}-{number}.md"
            yield Path(templates.__path__[0], file).read_text("utf-8")


_SAMPLES = (
    Sample("en", "The Slow Workshop", "Made slowly, kept long: type, tools and the care of both", "slow-workshop"),
    Sample("zh-CN", "慢工双周刊", "写得慢一点，用得久一点：排版、字体与顺手的工具", "slow-craft"),
)


def find_sample(lang: str) -> Sample:
    """Return the sample in a language. Raises ConfigError if there is none."""
    for sample in _SAMPLES:
        if sample.lang.partition("-")[0] == lang.replace("_", "-").partition("-")[0].lower():
            return sample
    raise ConfigError(f"there is no sample in {lang}", "--lang en or --lang zh")


def choose_sample_language(locale: str) -> str:
    """Return the language of the sample for a locale such as zh_CN.UTF-8: Chinese or English."""
    return "zh" if locale.lower().startswith("zh") else "en"
