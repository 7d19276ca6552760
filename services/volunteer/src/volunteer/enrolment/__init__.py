"""Enrolments of volunteers, and their registration."""

import volunteer.enrolment.messages  # noqa: F401 - their texts join the catalogue
