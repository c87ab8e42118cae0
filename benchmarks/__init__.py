"""Side-by-side measurements of speed, memory and scale: `python -m benchmarks --help`."""
