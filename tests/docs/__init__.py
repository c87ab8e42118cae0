"""Tests of what people read: every block runs, every command is one, the built site works."""
