"""From records of the log to stored counters."""
