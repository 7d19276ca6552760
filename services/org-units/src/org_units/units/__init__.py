"""Units: chapters and grassroots units, their tree and their life."""
