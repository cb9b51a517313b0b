"""What the tests of the command may ask for."""

from tests.servers.websites import server as server
