from honest import requests, right, say, write

for request in requests():
    write("\n")
    say(right(request))
