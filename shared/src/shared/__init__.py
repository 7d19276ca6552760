"""Contract and plumbing every service of the registry shares."""
