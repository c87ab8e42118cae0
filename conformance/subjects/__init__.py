"""What is put under test: a backend running this library, or a Python callable."""
