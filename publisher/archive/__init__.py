"""What is known of the issues without reading them again, and what was made of them."""
