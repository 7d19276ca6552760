"""Sends a roster to the member service through its public API, page by page.

A page carries an idempotency key made of the file's digest, the page's number and its content, so
an import that was killed can simply be run again: pages already in give their first outcome, and
nobody is registered twice.
"""
