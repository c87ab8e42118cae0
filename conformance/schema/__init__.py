"""What the suite writes for others and reads from them, as types; the JSON Schemas here are made from these.

`python -m conformance.schema` writes the schemas, `--check` compares them with the types.
"""
