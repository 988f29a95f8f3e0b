"""yield makes a function a generator: the first line of its body runs at the first next()."""


def countdown(n):
    print(f"Counting down from {n}")
    while n > 0:
        yield n
        n -= 1


numbers = countdown(10)
print("ready")
for x in numbers:
    print(f"T-minus {x}")
