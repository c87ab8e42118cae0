from honest import requests, write

for request in requests():
    write('{"seq": "' + request["seq"] + '", "device": "cpu", "outputs": {"loss": NaN}}\n')
