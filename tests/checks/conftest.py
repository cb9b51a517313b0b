"""Fixtures for tests of `publish check`."""

from tests.support.servers.websites import server as server
