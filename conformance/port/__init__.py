"""Talking to a port: a program in any language that answers requests over standard input and output."""
