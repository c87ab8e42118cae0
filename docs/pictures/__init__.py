"""One file per picture, each with a function `draw`."""
