"""The runner: asks every subject every case, with pytest."""
