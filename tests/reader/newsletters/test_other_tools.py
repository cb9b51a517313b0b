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
    return "\n".join(outline(parse_issue(f"# Tides\n\n{markdown}\n", "issues/2026-11-01.md"))).split("\n")[1:]


@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize(("head", "title"), HEADS)
@pytest.mark.parametrize("after", [" for rent", "s for rent", ", for rent", ""])
def test_attributes_of_a_link_take_no_space_with_them(attributes: str, head: str, title: str, after: str) -> None:
    found = lines(f"## News\n\n- {head}{attributes}{after}\n\n[boats]: https://e.org/1")
    assert found[1] == f"item {title} <https://e.org/1>" + f" +{after}" * bool(after)


TEMPLATE_TARGETS = ["{{ site.url }}/x", "*|ARCHIVE|*", '{{< param "x" >}}', "javascript:x()"]


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
    assert list(outline(issue))[1:] == ["guide", "  p Hello."]
    assert not issue.diagnostics


@pytest.mark.parametrize(
    "text", ["{\n  x\n}\n", "{\nHello", "---json\nHello\n---\n", "{{ x }}\n}", "{\n}", '{\n"a": 1\n']
)
def test_braces_at_the_top_are_no_front_matter(text: str) -> None:
    assert not parse_issue(text).front


def test_invalid_json_is_reported_where_it_is() -> None:
    issue = parse_issue('{\n  "title": "Bits"\n  "date": "2026-11-03"\n}\n\nHello.\n')
    assert [(found.code, found.pos.line) for found in issue.diagnostics] == [("front-matter", 3)]


def test_the_subject_of_a_mail_is_its_title() -> None:
    """As Buttondown exports it."""
    issue = parse_issue("---\nsubject: 'Tides no. 7'\npublish_date: 2026-11-15T06:30:00+01:00\n---\nHello.\n")
    assert issue.title
    assert issue.title.name == "Tides no. 7"
    issue = parse_issue("---\nsubject: Tides\ntitle: Boats\n---\nHello.\n")
    assert issue.title
    assert issue.title.name == "Boats"


def test_tasks_before_the_first_section() -> None:
    assert lines("- [ ] count\n- [x] mend [it](https://e.org/1)\n\n## News\n\n- [a](https://e.org/2)")[:2] == [
        "brief ☐ count",
        "brief ☑ mend [it](https://e.org/1)",
    ]


@pytest.mark.parametrize("empty", ['<a name="x"></a>', "<p><br></p>", "</div>"])
@pytest.mark.parametrize(
    "place", ["{}\n\n## News\n\nText.", "Text.\n\n{}\n\n## News\n\nMore.", "## News\n\nText.\n\n---\n\n{}"]
)
def test_nothing_is_shown_for_an_element_without_text(empty: str, place: str) -> None:
    issue = make_publishable(parse_issue(place.format(empty)))
    assert [line for line in outline(issue) if line.strip() == "p"] == []


HIGHLIGHTS = [
    ("==Owls== hunt, 猫头鹰==夜里==捕食", "p <mark>Owls</> hunt, 猫头鹰<mark>夜里</>捕食"),
    ("==**big** owls==", "p <mark>**big** owls</>"),
    ("if a==b and c==d, or a == b == c", "p if a==b and c==d, or a == b == c"),
    ("===no=== `==x==` \\==x==", "p ===no=== `==x==` ==x=="),
    ("https://e.org/?a==b== c", "p <https://e.org/?a==b==> c"),
]


@pytest.mark.parametrize(("text", "expected"), HIGHLIGHTS)
def test_highlighted_text(text: str, expected: str) -> None:
    """As in Obsidian, Typora, Hugo and markdown-it."""
    assert lines(f"## News\n\n{text}")[1:] == [expected]


WIKILINKS = [
    ("[[Barn owl]]s", "[Barn owl](Barn%20owl)s"),
    ("[[Owls#Calls]] and [[Owls#Calls|calls]]", "[Owls > Calls](Owls) and [calls](Owls)"),
    ("[[#Calls]]", "Calls"),
    ("[[2021-07-11]]", "<2021-07-11>"),
    ("见[[Owls|猫头鹰]]。", "见[猫头鹰](Owls)。"),
    ("![[owl.png|300]] ![[owl.png|An owl]] ![[Owls]]", "![](owl.png) ![An owl](owl.png) <Owls>"),
    ("[an [[owl]] here](https://e.org/1)", "[an owl here](https://e.org/1)"),
    ("x[[i]] [[1]] [[ -f x ]] [[1]](https://e.org/1)", "x[[i]] [[1]] [[ -f x ]] [[1]](https://e.org/1)"),
    ("\\[[owl]] `[[owl]]` [[boats]]", "[[owl]] `[[owl]]` [[boats](https://e.org/1)]"),
]


@pytest.mark.parametrize(("text", "expected"), WIKILINKS)
def test_links_of_obsidian(text: str, expected: str) -> None:
    assert lines(f"## News\n\nSee {text}\n\n[boats]: https://e.org/1")[1:] == [f"p See {expected}"]


def test_a_link_of_obsidian_begins_an_item() -> None:
    assert lines("## News\n\n- [[Barn owl|Owls]] hunt\n- [[boats]] [[x]]")[1:] == [
        "item [Owls](Barn%20owl) hunt",
        "item <boats> <x>",
    ]


HIDDEN = [
    "%%not for you%% ",
    "%% not for you %%\n\n",
    "%%\nnot for you\n\n- nor this\n%%\n",
    "%% not for you,\nnor this %%\n",
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_comment_of_obsidian_is_not_shown(hidden: str) -> None:
    issue = parse_issue(f"# Tides\n\n## News\n\n{hidden}Shown, 100%% of it: %d%%s%%.\n")
    assert list(outline(make_publishable(issue)))[2:] == ["p Shown, 100%% of it: %d%%s%%."]
    assert {dropped.name for dropped in issue.dropped} == {"comment"}


def test_two_percent_signs_that_are_not_closed_hide_nothing() -> None:
    assert lines("## News\n\n%% sql\n\nShown.\n\n%% more") == ["## News", "p %% sql", "p Shown.", "p %% more"]


MERGE_TAGS = [
    ("Hi *|FNAME:there|*, hello", "p Hi , hello"),
    ("[view](*|ARCHIVE|*) it", "p view it"),
    ("*a|b* c|*", "p *a|b* c|*"),
]


@pytest.mark.parametrize(("text", "expected"), MERGE_TAGS)
def test_tags_of_mailchimp_are_left_out(text: str, expected: str) -> None:
    assert lines(f"## News\n\n{text}")[1:] == [expected]


CONTAINERS = [
    "::: {{.callout-{} title=x}}\nMind the *tide*.\n\n- and this\n:::",
    ":::{}\nMind the *tide*.\n\n- and this\n:::",
    "::: {}\n\nMind the *tide*.\n\n- and this\n\n:::",
    ":::: {{.{} #x}}\nMind the *tide*.\n\n- and this\n::::",
    "!!! {}\n\n    Mind the *tide*.\n\n    - and this\n",
    "> [!{}]\n> Mind the *tide*.\n>\n> - and this",
]
KINDS = [("tip", "tip"), ("info", "note"), ("danger", "caution"), ("warning", "warning"), ("success", "tip")]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("place", ["Text.\n\n{}\n\nMore.", "## News\n\nText.\n\n{}\n\nMore."])
def test_alerts_of_other_programs(container: str, name: str, kind: str, place: str) -> None:
    found = [line.strip() for line in lines(place.format(container.format(name)))]
    assert found[1:] == ["p Text.", f"> [{kind}]", "> p Mind the *tide*.", "> -", ">   p and this", "p More."]


TITLED = [
    "::: tip High *tide*\nText.\n:::",
    ":::tip[High *tide*]\nText.\n:::",
    '!!! tip "High *tide*"\n    Text.',
    "> [!hint]- High *tide*\n> Text.",
]


@pytest.mark.parametrize("container", TITLED)
def test_titles_of_alerts(container: str) -> None:
    assert lines(f"## News\n\n{container}")[1:] == ["> [tip] High *tide*", "> p Text."]


UNCHANGED = [
    ("::: center\nText.\n:::", ["p Text."]),
    ("::: details\nText.\n:::", ["p Text."]),
    ("::: tip\nText.", ["p Text."]),
    ("!!! tip\nText.", ["p !!! tip Text."]),
    ("```\n::: tip\nText.\n:::\n```", ["code  '::: tip\\nText.\\n:::'"]),
    (":::tip\n:::warning\nText.\n:::\n:::", ["> [tip]", "> > [warning]", "> > p Text."]),
]


@pytest.mark.parametrize(("text", "expected"), UNCHANGED)
def test_what_is_no_alert_is_its_text(text: str, expected: list[str]) -> None:
    assert lines(f"## News\n\n{text}")[1:] == expected


def test_positions_in_a_container_are_those_of_the_source() -> None:
    issue = parse_issue("# Tides\n\n## News\n\n::: tip\nSee {{ x }}.\n:::\n")
    assert [(dropped.pos.line, dropped.pos.column) for dropped in issue.dropped] == [(6, 1)]
    (quote,) = issue.sections[0].content
    assert (quote.pos.line, quote.pos.column, quote.pos.end_line) == (5, 1, 7)


CODES = [
    ("{% highlight ruby linenos %}\n{}\n{% endhighlight %}", "ruby"),
    ("{%- highlight c++ -%}\n{}\n{%- endhighlight -%}", "c++"),
    ('{{< highlight python "linenos=table" >}}\n{}\n{{< /highlight >}}', "python"),
    ("{{% highlight go %}}\n{}\n{{% /highlight %}}", "go"),
    ("{% codeblock Title lang:js %}\n{}\n{% endcodeblock %}", "js"),
    ("{% codeblock %}\n{}\n{% endcodeblock %}", ""),
]
CODE = "# a *b* ** c\n\n- {{ x }}\n    <i>"


@pytest.mark.parametrize(("tags", "language"), CODES)
@pytest.mark.parametrize(
    "place", ["{}\n\n## News\n\nText.", "## News\n\n{}\n\nText.", "## News\n\n- [a](https://e.org/1)\n\n{}\n"]
)
def test_code_between_tags(tags: str, language: str, place: str) -> None:
    issue = parse_issue(f"# Tides\n\n{place.replace('{}', tags.replace('{}', CODE))}")
    assert f"code {language} {CODE!r}" in [line.strip() for line in outline(issue)]
    assert not issue.dropped


def test_a_tag_of_code_that_is_never_closed_is_left_out() -> None:
    assert lines("## News\n\n{% highlight ruby %}\nText.")[1:] == ["p Text."]


DEFINITIONS = [
    ("Ebb\n: Water *out*.\n: Low.", "p **Ebb** / Water *out*. / Low."),
    ("Ebb\nFlow\n:   Water,\n    salt.", "p **Ebb** / **Flow** / Water, salt."),
    ("**Ebb?**\n: Low.", "p **Ebb?** / Low."),
    ("</em>\n: Low.", "p Low."),
    ("Ebb: low\nand :) more", "p Ebb: low and :) more"),
    ("Ebb\n:) low", "p Ebb :) low"),
]


def test_a_definition_list_below_an_item() -> None:
    assert lines("## News\n\n- [a](https://e.org/1)\n\nEbb\n: 水\n: 低。")[2:] == ["  p **Ebb** / 水", "  p 低。"]


@pytest.mark.parametrize(("text", "expected"), DEFINITIONS)
def test_definition_lists(text: str, expected: str) -> None:
    """As in kramdown, Goldmark, Pandoc and PHP Markdown Extra."""
    assert [line.strip() for line in lines(f"Text.\n\n{text}\n\n## News\n\nMore.")][2:-2] == [expected]


READINGS = [
    ("<ruby>霧<rt>きり</rt></ruby>の", "霧（きり）の"),
    ("<ruby>霧<rp>(</rp><rt>きり</rt><rp>)</rp></ruby>の", "霧（きり）の"),
    ("<ruby>漢<rt>hàn</rt></ruby> <rt>", "漢(hàn) <rt>"),
]


@pytest.mark.parametrize(("text", "expected"), READINGS)
def test_how_a_word_is_read_is_in_parentheses(text: str, expected: str) -> None:
    assert lines(f"## News\n\n{text}")[1:] == [f"p {expected}"]


PAGE_TAGS = [
    ('{{< ref "last.md" >}}', "last.md"),
    ("{{% relref last.md %}}", "last.md"),
    ('{{< ref path="/posts/last.md" lang="en" >}}', "@/posts/last.md"),
    ("{% post_url 2026-10-30-rope %}", "2026-10-30-rope"),
    ("{{ site.baseurl }}{% link _posts/2026-10-30-rope.md %}", "/_posts/2026-10-30-rope.md"),
]


@pytest.mark.parametrize(("tag", "path"), PAGE_TAGS)
def test_tags_that_name_a_page_are_links_to_it(tag: str, path: str) -> None:
    assert lines(f"## News\n\nSee [it]({tag}).\n\n- [it]({tag})")[1:] == [f"p See [it]({path}).", f"item it <{path}>"]


FORMULAS = ["$$\n\\int_0^{12} h\\,dt\n= a*b*c\n$$", "$a_1 * b_2 * \\{c\\}$", "$$E = mc^2$$"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_are_kept_as_they_are(formula: str) -> None:
    assert lines(f"## News\n\n{formula}")[1:] == [f"p {formula.replace(chr(10), ' ')}"]


OWN_ELEMENTS = [
    ('<mp-profile data-name="x"></mp-profile>Text', "p Text"),
    ("<my-box>Text <b>x</b></my-box>", "p Text **x**"),
    ("Clone <your-name> and <repo-name>", "p Clone <your-name> and <repo-name>"),
]


@pytest.mark.parametrize(("text", "expected"), OWN_ELEMENTS)
def test_elements_of_a_site_of_its_own_are_their_text(text: str, expected: str) -> None:
    assert lines(f"## News\n\n{text}")[1:] == [expected]


def test_a_colon_in_a_value_is_named_as_the_mistake() -> None:
    issue = parse_issue("---\ndate: 2021-07-18\ntitle: Tides : ebb\n---\nText.\n")
    assert [(found.message.endswith("must stand in quotes"), found.pos.line) for found in issue.diagnostics] == [
        (True, 3)
    ]
    assert issue.title
    assert issue.title.name == "Tides : ebb"


WRAPPED = [
    ("He said\n“hello there”\nand left —\nthen — again — he\n‘went’…\nslowly.", 1),
    ("He said *“no”*\nand **left —**\n[“then”](https://e.org/1)\n“again”.", 1),
    ("他说“好”\n“不”，\n某人——\n……", 4),
    ("[甲](https://e.org/1)\n[乙](https://e.org/2_(b))\n**丙**\n*丁*", 4),
    ("● [甲](https://e.org/1)\n● [乙](https://e.org/2)", 2),
    ("[a](https://e.org/1)\n[b](https://e.org/2)\n**c**", 1),
]


@pytest.mark.parametrize(("text", "count"), WRAPPED)
def test_where_lines_of_a_paragraph_end(text: str, count: int) -> None:
    """Next to Chinese, a line is a line; English is wrapped by hand, also at quotation marks and dashes."""
    (paragraph,) = lines(f"Text.\n\n{text}\n\n## News\n\nMore.")[2:-2]
    assert paragraph.count(" / ") == count - 1
    found = lines(f"## News\n\n- [x](https://e.org/x)\n\n{text}")[2:]
    assert sum(line.count(" / ") + 1 for line in found) == count


def test_a_line_of_english_continues_a_brief_whatever_its_marks() -> None:
    assert lines("Here’s what’s new:\n\n- One\n“two” —\nthree’s\n- Four\n\n## News\n\nMore.")[2:4] == [
        "brief One “two” — three’s",
        "brief Four",
    ]


SIZED = [
    ("![a](https://e.org/x.png =300x200)", "![a](https://e.org/x.png)"),
    ("![a](https://e.org/x.png =50%x)", "![a](https://e.org/x.png)"),
    ("![a](https://e.org/x.png =x20 )", "![a](https://e.org/x.png)"),
    ('![a](https://e.org/x.png "t" =300x)', "![a](https://e.org/x.png)"),
    ("![a|300](https://e.org/x.png)", "![a](https://e.org/x.png)"),
    ("![a|30x20](https://e.org/x.png)", "![a](https://e.org/x.png)"),
    ("![a | b](https://e.org/x.png)", "![a | b](https://e.org/x.png)"),
]


@pytest.mark.parametrize(("image", "expected"), SIZED)
def test_the_size_of_an_image_is_no_text(image: str, expected: str) -> None:
    assert lines(f"## News\n\nSee {image} here.")[1] == f"p See {expected} here."
