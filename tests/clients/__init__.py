"""One client per service: what its callers do over HTTP, as one reads it in the README.

``Units``, ``Members`` and ``Volunteers`` are registers and share ``Register``; ``Figures`` is the
aggregator. Each is bound to an address: of a running system (``county``), or of an application in
this process (``inside``), whose peers then are stand-ins with the answers that a test gives (``peers``).
"""
