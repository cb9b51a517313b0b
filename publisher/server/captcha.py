"""ALTCHA: the visitor's browser solves a puzzle that takes a second of computing, so that many sign-ups cost something.

No other host takes part: the widget is in the folder `altcha` and served from here. It slows programs down and does not
keep them out; the limits do. https://altcha.org/docs/v2/proof-of-work-captcha/
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from secrets import randbelow

import altcha

from publisher.server.forms import MAX_AGE
from publisher.signing import SigningKeys

WIDGET_FOLDER = Path(__file__).parent / "altcha"

_ALGORITHM = "PBKDF2/SHA-256"
_ITERATIONS = 5_000
_MIN_ROUNDS, _MORE_ROUNDS = 1_000, 1_000
"""How often the browser derives a key, of so many iterations each: about a second on a phone."""


def build_challenge(keys: SigningKeys, now: dt.datetime) -> str:
    """Return a new challenge for the widget, in JSON. It is signed and not stored."""
    challenge = altcha.create_challenge(
        _ALGORITHM,
        _ITERATIONS,
        counter=_MIN_ROUNDS + randbelow(_MORE_ROUNDS),
        expires_at=now + MAX_AGE,
        hmac_secret=_derive_secret(keys, "challenge"),
        hmac_key_secret=_derive_secret(keys, "solution"),
    )
    return json.dumps(challenge.to_dict())


def check_solution(keys: SigningKeys, payload: str) -> str:
    """Return what identifies the challenge that a payload of the widget solves, "" if it solves none that is valid.

    The caller makes sure that each is used once.
    """
    result = altcha.verify_solution(
        payload, _derive_secret(keys, "challenge"), hmac_key_secret=_derive_secret(keys, "solution")
    )
    return altcha.Payload.from_base64(payload).challenge.parameters.nonce if result.verified else ""


def _derive_secret(keys: SigningKeys, purpose: str) -> str:
    return keys.hash_address(f"altcha {purpose}")
