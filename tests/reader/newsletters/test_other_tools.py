"""Newsletters as editors write them for other tools: Jekyll, Hugo, Obsidian and others."""

from __future__ import annotations

import pytest

from tests.reader.newsletters.outline import outline, parse_issue

ATTRIBUTES = ['{:target="_blank"}', '{: .wide target="_blank"}', "{.wide}", "{#boats .wide}"]
HEADS = [
    ("[Boats](https://e.org/1)", "Boats"),
    ("**[Boats](https://e.org/1)**", "Boats"),
    ("[**Boats**](https://e.org/1)", "**Boats**"),
    ("[Boats][boats]", "Boats"),
]


def lines(markdown: str) -> list[str]:
    """The outline of an issue without its title."""
    return list(outline(parse_issue(f"# Tides\n\n{markdown}\n", "issues/2026-11-01.md")))[1:]


@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize(("head", "title"), HEADS)
@pytest.mark.parametrize("after", [" for rent", "s for rent", ", for rent", ""])
def test_attributes_of_a_link_take_no_space_with_them(attributes: str, head: str, title: str, after: str) -> None:
    found = lines(f"## News\n\n- {head}{attributes}{after}\n\n[boats]: https://e.org/1")
    assert found[1] == f"item {title} <https://e.org/1>" + f" +{after}" * bool(after)


TEMPLATE_TARGETS = ['{{< ref "last.md" >}}', "{% post_url 2026-10-30-rope %}", "{{ site.url }}/x", "javascript:x()"]


@pytest.mark.parametrize("target", TEMPLATE_TARGETS)
@pytest.mark.parametrize(
    ("text", "shown"),
    [("See [last time]({}) for more", "See last time for more"), ("See [last time]({}) | Post", "See last time")],
)
def test_a_link_without_a_target_is_its_text_in_a_head(target: str, text: str, shown: str) -> None:
    found = lines(f"## News\n\n- {text.format(target)}")
    assert found[1].removesuffix(" | Post") == f"item {shown}"


COMMENTS = [
    "{% comment %}\nnot for you\n{% endcomment %}",
    "{%- comment -%}\n\nnot for you\n\n- nor this\n\n{%- endcomment -%}",
    "{% comment %} not for you\nnor this {% endcomment %}",
    "{% comment %} not for you {% endcomment %}",
]


@pytest.mark.parametrize("comment", COMMENTS)
@pytest.mark.parametrize("place", ["{}\n\n## News\n\nShown.", "## News\n\n{}\n\nShown.", "## News\n\n{}\nShown."])
def test_a_comment_of_liquid_is_not_shown(comment: str, place: str) -> None:
    assert [line for line in lines(place.format(comment)) if line.strip() != "p"] == ["## News", "p Shown."]
