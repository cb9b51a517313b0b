"""Templates and style sheets, as package data; `publisher.theme` loads them."""
