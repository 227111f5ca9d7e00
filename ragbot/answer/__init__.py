"""From passages to a checked answer, or to silence."""
