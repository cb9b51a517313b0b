"""What the tests of links may ask for."""

from tests.servers.websites import ask as ask
from tests.servers.websites import kept as kept
from tests.servers.websites import names as names
from tests.servers.websites import server as server
