#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes, as a macro over names, all that the public headers declare and that can be awaited or that waits in a block:
test_requests.c has a row for each, and does not compile without one.

usage: awaitables.py FOLDER-OF-HEADERS OUTPUT DEPFILE
"""
import pathlib
import re
import sys

NOT_BY_THEMSELVES = {"eddy_task", "eddy_any_coroutine", "eddy_async_generator", "eddy_each"}
FUNCTION = re.compile(r"^eddy_async_declare\([^,]*?, (eddy_\w+)", re.M)
STRUCT = re.compile(r"^(?:typedef )?struct (eddy_\w+) \{\s*(?:__extension__ union \{\s*)?"
                    r"struct eddy_(?:awaitable awaitable|manager manager|async_generator async_generator)", re.M)


def main():
    folder, output, depfile = sys.argv[1:]
    headers = sorted(pathlib.Path(folder).glob("*.h"))
    names = set()
    for header in headers:
        text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.S)
        names.update(FUNCTION.findall(text))
        names.update(STRUCT.findall(text))
    rows = [f"    X({name})" for name in sorted(names - NOT_BY_THEMSELVES)]
    lines = "/* SPDX-License-Identifier: MIT */\n/* Made by awaitables.py. */\n"
    lines += " \\\n".join(["#define AWAITABLES(X)"] + rows) + "\n"
    pathlib.Path(output).write_text(lines, encoding="utf-8")
    pathlib.Path(depfile).write_text(f"{output}: {' '.join(map(str, headers))}\n", encoding="utf-8")


main()
