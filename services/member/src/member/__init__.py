"""Memberships of natural persons."""
