"""Use cases of the member service: each a check of access, the rules, and one transaction."""
