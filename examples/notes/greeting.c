/* SPDX-License-Identifier: MIT */
/* greeting.c - a call of an async function runs nothing: it makes a coroutine, which must then be run. */
#include <eddy/keywords.h>
#include <stdio.h>

async(void, greeting, (const char *, name))
{
    printf("Hello %s\n", name);
}

async(void, greet_all, (const char **, names), (int, count))
{
    for (int i = 0; i < count; i++)
        await(greeting(names[i]));
}

int main(void)
{
    const char *names[] = {"Paula", "Thomas", "Lewis"};
    struct greeting hello = greeting("Guido");
    puts("nothing has run yet");
    eddy_run(hello);
    return eddy_run(greet_all(names, 3));
}
