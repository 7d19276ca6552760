"""What the services promise one another: events, countable states, timelines, definitions."""
