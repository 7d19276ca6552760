"""Units: chapters and grassroots units, their tree and their life."""

import org_units.units.messages  # noqa: F401 - their texts join the catalogue
