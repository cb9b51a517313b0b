"""What the tests of the command may ask for."""

from tests.support.servers.websites import server as server
