"""Asking back where a message leaves open what it is about."""
