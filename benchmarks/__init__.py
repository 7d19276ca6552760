"""Benchmarks against named baselines, each pair measured in one run: ``python -m benchmarks``."""
