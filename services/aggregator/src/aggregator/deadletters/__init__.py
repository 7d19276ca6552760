"""Dead letters: events that were set aside, and what an operator does with them."""
