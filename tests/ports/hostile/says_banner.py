from honest import requests, right, say, write

write("Welcome to the framework, version 7!\n")
for request in requests():
    say(right(request))
