"""Whether links lead anywhere: asked over the network, politely, and only of the public part of it."""

from publisher.linkcheck.cache import Memory as Memory
from publisher.linkcheck.checker import Limits as Limits
from publisher.linkcheck.checker import check_links as check_links
from publisher.linkcheck.verdict import State as State
from publisher.linkcheck.verdict import Verdict as Verdict
