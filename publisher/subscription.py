"""How people subscribe to what a channel sends, and where the messages to subscribers go."""

from __future__ import annotations

from msgspec import Struct

from publisher.verp import build_verp_address


class SubscribeOption(Struct, frozen=True):
    """A way to subscribe besides feeds, for the page about that; all texts are in the newsletter's language.

    `title` is what it is called, `hint` says what to do. `name` is what to look for there, and `url` leads to it.
    `form` is the URL that takes an email address, as the field `address` of a form.
    """

    title: str
    hint: str
    name: str = ""
    url: str = ""
    form: str = ""


class SubscriberAddress(Struct, frozen=True):
    """Where a message to a subscriber of `[subscribers]` goes.

    `address` and `name` are as the subscriber gave them. `tag` stands for the subscriber in links, `bounce_token` for
    this delivery in the envelope sender.
    """

    address: str
    name: str
    tag: str
    bounce_token: str

    def build_envelope_sender(self, bounce_address: str) -> str:
        """Return the address for reports about this delivery, by the address for all of them.

        For bounces@news.example it is bounces+TOKEN@news.example.
        """
        return build_verp_address(bounce_address, self.bounce_token)
