"""One line that is short of the limit as text, and many times that as objects."""

from honest import requests, write

for request in requests():
    write('{"seq": "' + request["seq"] + '", "unsupported": [' + "[]," * 10_000_000 + "[]]}\n")
