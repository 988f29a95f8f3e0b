"""A generator is stopped and resumed at will: break, and go on later with the values that
remain."""


def gen():
    try:
        yield 1
        yield 2
        yield 3
    finally:
        print("gen ends")


g = gen()
for i in g:
    print(i)
for i in g:
    print("never: g is exhausted")

kept = gen()
for i in kept:
    print(i)
    break
print("kept is idle")
for i in kept:
    print(i)

for i in gen():
    print(i)
    break
print("a generator without a name ended at the break")
