"""The administrative divisions, and the units that they give rise to."""
