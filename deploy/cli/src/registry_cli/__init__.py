"""The registry command line."""
