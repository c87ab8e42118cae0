"""A reader that takes the last of two seqs would credit this, one that takes the first would not."""

import json

from honest import requests, right, write

for request in requests():
    write('{"seq": "0", ' + json.dumps(right(request))[1:] + "\n")
