"""Running subjects over cases with pytest."""
