"""Exact, live figures against the plan."""
