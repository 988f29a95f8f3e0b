"""The return value of a generator arrives once, with the signal that it has ended."""


def func():
    yield 37
    return 42


g = func()
print(repr(g).split(" at ")[0])  # the address differs from run to run
print(next(g))
try:
    next(g)
except StopIteration as end:
    print(f"StopIteration: {end.value}")
try:
    next(g)
except StopIteration:
    print("StopIteration again")
print(list(func()))
