"""Tests of the port protocol: hostile ports, offline runs, the example ports, and the guide for authors."""
