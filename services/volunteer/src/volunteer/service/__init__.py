"""Use cases of volunteers: each checks access, applies the rules, and is one transaction."""
