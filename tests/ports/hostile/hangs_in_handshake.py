import time

from honest import write

write('{"protocol": 1, "port"')
time.sleep(600)
