"""yield is an expression: what it gives is what was sent."""


def double_number(number):
    while True:
        number *= 2
        number = yield number


c = double_number(4)
try:
    c.send(5)
except TypeError:
    print("nothing can be sent before the first yield")
print(c.send(None))
print(c.send(5))
print(c.send(1500))
print(c.send(3))
c.close()
try:
    c.send(1)
except StopIteration:
    print("closed")
