"""Answers that are stored: FAQ entries, and what operators have pinned."""
