"""The real servers of the embedded run mode and their supervisor."""
