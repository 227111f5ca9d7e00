"""The check of claims: an answer's sentences against the passages that it cites, by facts, logic and content."""
