"""When a person takes over, what they are given, and how it reaches them."""
