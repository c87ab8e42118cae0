"""Right at first, off by one more with each answer after that."""

from honest import bits, loss, requests, right, say

for asked, request in enumerate(requests()):
    answer = right(request)
    answer["outputs"]["loss"]["bits"] = [bits(loss(request) + asked)]
    say(answer)
