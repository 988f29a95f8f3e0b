"""The same three counts without async: each sleep holds everything up."""
import time
from pathlib import Path


def count():
    print("One")
    time.sleep(1)
    print("Two")


def main():
    for _ in range(3):
        count()


start = time.perf_counter()
main()
elapsed = time.perf_counter() - start
print(f"{Path(__file__).stem} executed in {elapsed:0.2f} seconds.")
