"""Notations of Pandoc, kramdown and Obsidian, and HTML inside a line, which other programs resolve or leave out."""

from __future__ import annotations

import pytest

from tests.reader.newsletters.test_other_tools import lines

SMALL = [
    ("H~2~O, Na~2~SO~4~, SO~4~^2-^", "H<sub>2</>O, Na<sub>2</>SO<sub>4</>, SO<sub>4</><sup>2-</>"),
    ("x^2^ m^-1^ 19^th^ x~i~", "x<sup>2</> m<sup>-1</> 19<sup>th</> x<sub>i</>"),
    ("10~20~30 Mon~Wed~Fri 2^10^2 a^b^c 10^9 ^_^", "10~20~30 Mon~Wed~Fri 2^10^2 a^b^c 10^9 ^_^"),
    ("`x^2^` x\\^2^ H\\~2~O", "`x^2^` x^2^ H~2~O"),
]


@pytest.mark.parametrize(("text", "expected"), SMALL)
def test_lowered_and_raised_text(text: str, expected: str) -> None:
    """As in Pandoc and markdown-it."""
    assert lines(f"## News\n\n{text}")[1:] == [f"p {expected}"]
    assert lines(f"## News\n\n- [{text}](https://e.org/1)")[1:] == [f"item {expected} <https://e.org/1>"]


@pytest.mark.parametrize("attributes", ["{:target=_blank}", "{: rel=nofollow .wide}", "{target=_blank}"])
def test_attributes_without_quotes(attributes: str) -> None:
    assert lines(f"## News\n\nSee [it](https://e.org/1){attributes}.")[1:] == ["p See [it](https://e.org/1)."]
    assert lines(f"## News\n\nSee f(x){attributes.replace(' .wide', '')}.")[1:] == [
        f"p See f(x){attributes.replace(' .wide', '')}."
    ]


@pytest.mark.parametrize("place", ["{}\n\nText.", "Text.\n\n{}", "- [a](https://e.org/1)\n\n{}"])
def test_what_an_abbreviation_is_short_for_is_left_out(place: str) -> None:
    text = place.format("*[HTML]: Hyper Text\n*[CSS]:  Styles")
    assert not any("Hyper" in line or "CSS" in line for line in lines(f"## News\n\n{text}"))
    (one, two) = lines("## News\n\n*[HTML](https://e.org/1): Hyper Text\n*[x]: a* b")[1:]
    assert (one, two) == ("item HTML <https://e.org/1> +: Hyper Text", "  p *[x]: a* b")


BLOCK_IDS = [("Owls hunt. ^abc123", "Owls hunt."), ("Owls. ^my-owl", "Owls."), ("x ^2 ^_^", "x ^2 ^_^"), ("^ab", "^ab")]


@pytest.mark.parametrize(("text", "shown"), BLOCK_IDS)
def test_the_name_of_a_paragraph_is_left_out(text: str, shown: str) -> None:
    """As Obsidian writes it for links to the paragraph."""
    assert [line.rstrip() for line in lines(f"## News\n\n{text}")[1:]] == [f"p {shown}"]


FALLBACKS = [
    ('<video controls><source src="https://e.org/a.mp4">Cannot play.</video> More', "<https://e.org/a.mp4> More"),
    ('<audio src="https://e.org/a.mp3" controls>Cannot <b>play</b>.</audio>', "<https://e.org/a.mp3>"),
    ('<video src="https://e.org/a.mp4"> More', "<https://e.org/a.mp4> More"),
]


@pytest.mark.parametrize(("text", "shown"), FALLBACKS)
def test_text_for_browsers_that_cannot_play_a_video_is_left_out(text: str, shown: str) -> None:
    assert lines(f"## News\n\n{text}")[1].rstrip() == f"p {shown}"
