"""Every model and every library that runs one; fetched once, then offline."""
