"""Newsletters of other shapes come through: their parts are found, and nothing of them is lost."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.outline")
