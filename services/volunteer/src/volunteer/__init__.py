"""Enrolled and registered volunteers."""
