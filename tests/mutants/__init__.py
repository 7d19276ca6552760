"""Bugs planted on purpose, one at a time: each breaks a promise that some test must hold."""
