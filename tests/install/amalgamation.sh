#!/bin/bash
# SPDX-License-Identifier: MIT
# `make amalgamation`: eddy.c beside a program, by a compiler alone; each compiler without and with optimisation; once with all
# parts. Programs of the language tests say that it is the same library.
. "$(dirname "$0")/lib.sh"
"$EDDY_SOURCE/tools/amalgamate.py" "$scratch/eddy"
mkdir "$scratch/eddy/eddy"
echo '#include "../eddy-keywords.h"' >"$scratch/eddy/eddy/keywords.h"

cat >"$scratch/echo.c" <<'C'
#include "eddy-keywords.h"
#include <stdio.h>

async(void, echo, (eddy_stream *, s), (void *, argument))
{
    eddy_slice line;
    (void)argument;
    while (await(eddy_stream_read_line(s, &line)))
        await(eddy_stream_write(s, line.data, line.size));
}

async(int, ask, (eddy_server *, server))
{
    eddy_slice line;
    int answer = 0;
    eddy_stream *s = await(eddy_open_connection("127.0.0.1", eddy_server_port(server)));
    defer(eddy_stream_abort, s);
    await(eddy_stream_write(s, "42\n", 3));
    await(eddy_stream_read_line(s, &line));
    sscanf(line.data, "%d", &answer);
    return answer;
}

async(int, later, (double, seconds), (int, value))
{
    await(eddy_sleep(seconds));
    return value;
}

generator(int, numbers, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}

async(int, main_task)
{
    eddy_error err;
    int sum = 0;
    eddy_server *server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    struct ask *asking = spawn(ask(server));
    struct later *first = spawn(later(0.002, 20)), *second = spawn(later(0.001, 16));
    for_each (i, numbers(4))
        sum += i;
    await_for(later(1000, 0), 0.001, &err);
    if (err.code == ETIMEDOUT && await(asking) == sum + await(first) + await(second))
        puts("42");
    await(eddy_server_close(server, 5));
    return 0;
}

int main(void) { return eddy_run(main_task()); }
C

# try COMPILER LEVEL FLAG...: the program, and at -O0 two of the language tests.
try() {
    local folder="$scratch/$1$2$3" name
    mkdir "$folder"
    "$1" "$2" -w -I"$scratch/eddy" $3 -c "$scratch/eddy/eddy.c" -o "$folder/eddy.o" || return 1
    "$1" "$2" -Wall -Wextra -Werror -I"$scratch/eddy" "$scratch/echo.c" "$folder/eddy.o" -lpthread $4 -o "$folder/echo" || return 1
    [ "$(EDDY_DRIVER=${5:-epoll} "$folder/echo")" = 42 ] || { echo "$1 $2 $3: the program did not print 42" >&2; return 1; }
    [ "$2" = -O0 ] || return 0
    for name in scopes generators; do
        "$1" "$2" -I"$scratch/eddy" "$EDDY_SOURCE/tests/language/$name.c" "$folder/eddy.o" -lpthread $4 -o "$folder/$name" || return 1
        EDDY_DRIVER=sim "$folder/$name" || { echo "$1 $2: $name failed" >&2; return 1; }
    done
}

started=
for compiler in gcc clang; do
    for level in -O0 -O2; do
        try "$compiler" "$level" "" "" &
        started="$started $!"
    done
done
if pkg-config --exists liburing openssl; then
    try gcc -O1 "-DEDDY_WITH_URING -DEDDY_WITH_TLS" "-luring -lssl -lcrypto" "" &
    started="$started $!"
fi
for one in $started; do
    wait "$one" || fail "the library in one file: see above"
done
