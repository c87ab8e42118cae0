from honest import requests, right, say

for request in requests():
    answer = right(request)
    answer["outputs"]["loss"]["shape"] = [1]
    say(answer)
