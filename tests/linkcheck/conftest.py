"""What the tests of links may ask for."""

from tests.support.servers.websites import ask as ask
from tests.support.servers.websites import kept as kept
from tests.support.servers.websites import names as names
from tests.support.servers.websites import server as server
