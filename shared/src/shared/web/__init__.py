"""The HTTP edge of every service: one application factory, one rendering of problems, one server."""
