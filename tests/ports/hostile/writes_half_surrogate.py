from honest import requests, write

for request in requests():
    write('{"seq": "' + request["seq"] + '", "unsupported": "\\ud800"}\n')
