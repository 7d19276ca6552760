"""What every register is made of: commands, their one write path, reading, the unit directory."""
