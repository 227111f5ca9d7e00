"""Fields collected over several messages, and the functions that get them."""
