import sys

from honest import requests

for request in requests():
    sys.stdout.buffer.write(b'{"seq": "' + request["seq"].encode() + b'", "unsupported": "caf\xe9"}\n')
    sys.stdout.flush()
