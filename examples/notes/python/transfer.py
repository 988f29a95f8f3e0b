"""A symmetric coroutine says where control goes next. A generator cannot: a trampoline has to do
it."""


def player(name, partner, rounds):
    for number in range(1, rounds + 1):
        print(f"{name} {number}")
        yield partner
    print(f"{name} has finished")


players = {"A": player("A", "B", 3), "B": player("B", "C", 3), "C": player("C", "A", 3)}
turn = "A"
while True:
    try:
        turn = next(players[turn])
    except StopIteration:
        break
print("back in main")
