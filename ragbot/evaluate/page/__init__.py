"""The HTML report: one document that needs nothing else."""
