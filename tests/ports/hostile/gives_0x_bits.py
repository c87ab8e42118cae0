from honest import requests, right, say

for request in requests():
    answer = right(request)
    answer["outputs"]["loss"]["bits"] = ["0x" + answer["outputs"]["loss"]["bits"][0]]
    say(answer)
