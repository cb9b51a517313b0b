"""What `init` and `new` write: publisher.toml, dates.toml, a sample newsletter, the next issue."""

from publisher.scaffold.configuration import create_newsletter, create_sample
from publisher.scaffold.new_files import refuse_existing
from publisher.scaffold.new_issue import create_issue
from publisher.scaffold.proposal import Proposal, propose_channels, propose_newsletter
from publisher.scaffold.sample import choose_sample_language, find_sample

__all__ = [
    "Proposal",
    "choose_sample_language",
    "create_issue",
    "create_newsletter",
    "create_sample",
    "find_sample",
    "propose_channels",
    "propose_newsletter",
    "refuse_existing",
]
