"""Documents -> chunks -> knowledge base."""
