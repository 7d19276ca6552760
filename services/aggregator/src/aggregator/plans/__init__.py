"""The plans and the progress against them."""
