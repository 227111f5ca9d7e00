"""What a passage holds for: products, plans, regions, versions."""
