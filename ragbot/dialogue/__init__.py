"""What the customer means, given the conversation, and what happens around an answer."""
