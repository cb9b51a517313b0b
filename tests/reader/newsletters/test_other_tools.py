"""Newsletters as editors write them for other tools: Jekyll, Hugo, Obsidian and others."""

from __future__ import annotations

import pytest

from publisher.reader import parse_issue
from publisher.transforms import make_publishable
from tests.reader.newsletters.outline import outline

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


JSON = """{
  "title": "Bits №42", "date": "2026-11-03", "draft": false,
  "tags": ["a", "b"], "description": null,
  "aliases": ["/old/42/"]
}"""


@pytest.mark.parametrize("front", [JSON, f"---json\n{JSON}\n---", JSON.replace("  ", "\t"), f"\n{JSON}"])
def test_front_matter_in_json(front: str) -> None:
    issue = parse_issue(f"{front}\n\nHello.\n")
    assert (issue.title and issue.title.name, str(issue.date), issue.draft) == ("Bits №42", "2026-11-03", False)
    assert issue.address.aliases == ("/old/42/",)
    assert list(outline(issue))[1:] == ["guide", "  p Hello."] and not issue.diagnostics


@pytest.mark.parametrize("text", ["{\n  x\n}\n", "{\nHello", "---json\nHello\n---\n", "{{ x }}\n}", "{\n}", '{\n"a": 1\n'])
def test_braces_at_the_top_are_no_front_matter(text: str) -> None:
    assert not parse_issue(text).front


def test_invalid_json_is_reported_where_it_is() -> None:
    issue = parse_issue('{\n  "title": "Bits"\n  "date": "2026-11-03"\n}\n\nHello.\n')
    assert [(found.code, found.pos.line) for found in issue.diagnostics] == [("front-matter", 3)]


def test_the_subject_of_a_mail_is_its_title() -> None:
    """As Buttondown exports it."""
    issue = parse_issue("---\nsubject: 'Tides no. 7'\npublish_date: 2026-11-15T06:30:00+01:00\n---\nHello.\n")
    assert issue.title and issue.title.name == "Tides no. 7"
    issue = parse_issue("---\nsubject: Tides\ntitle: Boats\n---\nHello.\n")
    assert issue.title and issue.title.name == "Boats"


def test_tasks_before_the_first_section() -> None:
    assert lines("- [ ] count\n- [x] mend [it](https://e.org/1)\n\n## News\n\n- [a](https://e.org/2)")[:2] == [
        "brief ☐ count",
        "brief ☑ mend [it](https://e.org/1)",
    ]


@pytest.mark.parametrize("empty", ['<a name="x"></a>', "<p><br></p>", "</div>"])
@pytest.mark.parametrize("place", ["{}\n\n## News\n\nText.", "Text.\n\n{}\n\n## News\n\nMore.", "## News\n\nText.\n\n---\n\n{}"])
def test_nothing_is_shown_for_an_element_without_text(empty: str, place: str) -> None:
    issue = make_publishable(parse_issue(place.format(empty)))
    assert [line for line in outline(issue) if line.strip() == "p"] == []
