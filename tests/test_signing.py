"""Tags, tokens and hashes that stand for a subscriber."""

from __future__ import annotations

import re
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.signing import TAG_LENGTH, Purpose, SigningKeys

KEYS = SigningKeys("one secret of a list")
NEW = SigningKeys("another secret of a list")
ROTATED = SigningKeys(NEW.current, (KEYS.current,))
TAG = KEYS.make_tag("tag:e.org,2021:n", "ann@e.org")


@given(st.text(min_size=1), st.text(), st.text(), st.sampled_from(Purpose))
def test_all_of_it_survives_mail_gateways(secret: str, newsletter: str, key: str, purpose: Purpose) -> None:
    keys = SigningKeys(secret)
    tag = keys.make_tag(newsletter, key)
    token = keys.sign(purpose, tag)
    assert re.fullmatch("[a-z0-9]{12}", tag)
    assert re.fullmatch("[a-z0-9]{30}", token)
    assert re.fullmatch("[a-z0-9]+", keys.hash_address(key))
    assert keys.verify(token, purpose) == tag


@pytest.mark.parametrize(("made_for", "used_for"), [*permutations(Purpose, 2)])
def test_a_token_is_for_one_purpose(made_for: Purpose, used_for: Purpose) -> None:
    assert KEYS.verify(KEYS.sign(made_for, TAG), used_for) == ""


def test_every_character_of_a_token_counts() -> None:
    token = KEYS.sign(Purpose.LEAVE, TAG)
    for position, char in enumerate(token):
        changed = token[:position] + ("b" if char == "a" else "a") + token[position + 1 :]
        assert KEYS.verify(changed, Purpose.LEAVE) == "", position


@given(st.text(max_size=40))
def test_what_is_no_token_is_refused_without_an_error(text: str) -> None:
    assert KEYS.verify(text, Purpose.LEAVE) == ""


def test_a_server_that_changes_case_does_no_harm() -> None:
    assert KEYS.verify(KEYS.sign(Purpose.LEAVE, TAG).upper(), Purpose.LEAVE) == TAG


def test_links_already_sent_work_after_a_change_of_the_key() -> None:
    token = KEYS.sign(Purpose.LEAVE, TAG)
    assert ROTATED.verify(token, Purpose.LEAVE) == TAG
    assert ROTATED.sign(Purpose.LEAVE, TAG) == NEW.sign(Purpose.LEAVE, TAG), "new links are made with the new key"
    assert NEW.verify(token, Purpose.LEAVE) == "", "only while the old one is named"


def test_an_address_is_found_under_the_hash_of_a_former_key() -> None:
    names = ROTATED.list_suppression_names("n", "ann@e.org")
    assert {KEYS.hash_address("ann@e.org"), NEW.hash_address("ann@e.org")} < {*names}
    assert {KEYS.make_tag("n", "ann@e.org"), NEW.make_tag("n", "ann@e.org")} < {*names}
    assert ROTATED.hash_address("ann@e.org") == NEW.hash_address("ann@e.org")


def test_it_is_known_whether_a_name_may_be_of_one_of_the_keys() -> None:
    digest = KEYS.hash_address("ann@e.org")
    assert ROTATED.knows(digest)
    assert not NEW.knows(digest)
    assert NEW.knows(TAG), "a tag does not tell its key"
    assert len(TAG) == TAG_LENGTH


def test_tags_and_hashes_differ_between_people_and_lists() -> None:
    addresses = [f"reader{number}@e.org" for number in range(5_000)]
    assert len({KEYS.make_tag("n", address) for address in addresses}) == 5_000
    assert KEYS.make_tag("n", "a@e.org") != KEYS.make_tag("m", "a@e.org")
    assert NEW.hash_address("a@e.org") != KEYS.hash_address("a@e.org")
