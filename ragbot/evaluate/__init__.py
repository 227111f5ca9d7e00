"""How well the bot does on a test set, in figures."""
