"""PEP 342: send(), throw() and close() make a generator a simple coroutine."""


def averager():
    total = count = 0
    try:
        while True:
            try:
                number = yield total / count if count else 0.0
            except ValueError:
                print("averager: start again")
                total = count = 0
                continue
            total += number
            count += 1
    finally:
        print("averager: over")


a = averager()
print(f"{next(a):.2f}")
for number in 10, 20, 60:
    print(f"{a.send(number):.2f}")
print(f"{a.throw(ValueError()):.2f}")
print(f"{a.send(7):.2f}")
a.close()
try:
    a.throw(ValueError())
except ValueError:
    print("a closed generator throws it back")
