"""Questions proposed out of the documents, for people to edit: a first test set instead of an empty file."""
