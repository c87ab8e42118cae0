"""The wrong implementations, by theme. Each class is one mistake; its docstring says which."""
