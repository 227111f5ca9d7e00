"""What is known about text itself: sentences, words, languages. Lies under all stages; pure functions."""
