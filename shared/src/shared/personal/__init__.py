"""Personal data: what is accepted, how it is masked, and how it is kept. Pure, without I/O."""
