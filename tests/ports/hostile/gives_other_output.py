from honest import requests, right, say

for request in requests():
    answer = right(request)
    answer["outputs"]["Loss"] = answer["outputs"].pop("loss")
    say(answer)
