import sys

from honest import requests, write

for request in requests():
    write('{"seq": "' + request["seq"])
    sys.exit(0)
