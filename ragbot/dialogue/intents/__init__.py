"""The company's intents: one file, read, checked and reported on."""
