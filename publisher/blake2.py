"""BLAKE2b without OpenSSL, which hashlib loads: that takes as long as a third of the start of bare Python."""

from __future__ import annotations

try:
    from _blake2 import blake2b as blake2b
except ImportError:  # an interpreter without it
    from hashlib import blake2b as blake2b
