"""Which of its intents a message has: learnt from examples."""
