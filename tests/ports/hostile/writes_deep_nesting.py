from honest import requests, write

for request in requests():
    write('{"seq": "' + request["seq"] + '", "unsupported": ' + "[" * 100_000 + "]" * 100_000 + "}\n")
