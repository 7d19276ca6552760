"""What every other package rests on: errors, time, logs, settings, ids, the database client."""
