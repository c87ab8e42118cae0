"""Wrong implementations that the suite must catch, and correct ones that it must let pass."""
