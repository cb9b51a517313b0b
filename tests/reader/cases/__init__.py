"""Every named irregularity of real newsletters, as an acceptance test of the reader.

A case is a function in one of these tables: its id and a sample of our own stand above it, what is
expected inside it. `test_cases` calls it for every marked line of the sample, and for every place in real
issues where the irregularity was seen.
"""

import pytest

TABLES = ("document", "warmup", "sections", "items", "unfinished", "bodies", "blocks", "marks", "issues")

pytest.register_assert_rewrite(*(f"{__name__}.{table}" for table in TABLES))
