"""What the demo roster is made of; none of it names a real person."""
