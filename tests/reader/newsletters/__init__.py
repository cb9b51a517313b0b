"""Newsletters with another structure: their parts are found, and nothing is lost."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.outline")
