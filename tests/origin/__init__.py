"""Parity with the class this project re-implements, measured on the real one."""
