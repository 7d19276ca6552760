"""Memberships of persons, adults and youth."""

import member.membership.messages  # noqa: F401 - their texts join the catalogue
