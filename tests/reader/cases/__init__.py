"""Acceptance tests of the reader: every named irregularity of real newsletters.

A case is a function in one of these modules: a decorator has its id and a sample, the body what is expected.
`test_cases` calls it for every marked line of the sample, and for every line of real issues where the
irregularity was seen.
"""

import pytest

TABLES = ("document", "warmup", "sections", "items", "unfinished", "bodies", "blocks", "marks", "issues")

pytest.register_assert_rewrite(*(f"{__name__}.{table}" for table in TABLES))
