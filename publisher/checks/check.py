"""The list of all rules, and the function that runs them on one issue."""

from __future__ import annotations

from publisher.checks import addresses, characters, items, markup, references, sections, targets, title
from publisher.checks.blocking import BLOCKING_RULES, CheckResult, apply_rules
from publisher.checks.source import CheckRule
from publisher.model import Issue

RULES: tuple[CheckRule, ...] = (
    *BLOCKING_RULES,
    title.check_guide,
    title.check_warmup,
    sections.check_empty_sections,
    sections.check_duplicate_headings,
    sections.check_markers,
    items.check_items,
    items.check_sources,
    items.check_consistency,
    addresses.check_image_hosts,
    addresses.check_duplicate_urls,
    targets.check_fragments,
    sections.check_stray_lines,
    characters.check_lookalikes,
    characters.check_punctuation,
    characters.check_bold,
    characters.check_fences,
    characters.check_invisible,
    characters.check_controls,
    characters.check_directions,
    markup.check_template_tags,
    markup.check_page_markup,
    references.check_footnotes,
    references.check_references,
    markup.check_open_tags,
)


def check_single_issue(issue: Issue, text: str) -> CheckResult:
    """Check an issue parsed from `text` by all rules, without looking at other issues."""
    return apply_rules(issue, text, RULES)
