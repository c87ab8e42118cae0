"""Tests of the library `temporal_loss`, clause by clause."""
