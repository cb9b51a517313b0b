"""Rate limit of a chat: one message a second, twenty a minute.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

from publisher.channel import RateLimit

CHAT_LIMIT = RateLimit(per_minute=10, burst=9, interval=1.0)
"""Saved and new tokens allow nineteen messages in any minute; pinning a message is one more."""
