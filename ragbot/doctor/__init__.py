"""What is wrong with the knowledge, the settings, the models and the machine, and what to do about it."""
