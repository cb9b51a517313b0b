"""Checks whether links work: over the network, at a slow rate, at public addresses only."""

from publisher.linkcheck.cache import LinkCache as LinkCache
from publisher.linkcheck.checker import LinkCheckLimits as LinkCheckLimits
from publisher.linkcheck.checker import check_links as check_links
from publisher.linkcheck.verdict import LinkResult as LinkResult
from publisher.linkcheck.verdict import LinkState as LinkState
