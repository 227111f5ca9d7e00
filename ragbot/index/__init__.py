"""SQLite as the only truth, FAISS and BM25 derived from it, and the search over both."""
