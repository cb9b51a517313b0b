"""Whether links lead anywhere: asked over the network, politely, and only of the public part of it."""

from publisher.linkcheck.cache import LinkCache as LinkCache
from publisher.linkcheck.checker import LinkCheckLimits as LinkCheckLimits
from publisher.linkcheck.checker import check_links as check_links
from publisher.linkcheck.verdict import LinkResult as LinkResult
from publisher.linkcheck.verdict import LinkState as LinkState
