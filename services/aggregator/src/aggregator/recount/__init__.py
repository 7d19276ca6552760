"""Comparisons of the counters with the registers."""
