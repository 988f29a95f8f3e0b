/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h> // async, await, yield, spawn, ...; includes <eddy.h>
#include <stdio.h>
#include <stdlib.h>

async(char *, make_greeting, (const char *, name))
{
    char *text = NULL;
    await(eddy_sleep(0.1));
    if (asprintf(&text, "Hello %s", name) < 0)
        throw(ENOMEM, "no memory to greet %s", name);
    return text;
}

async(int, main_task)
{
    const char *names[] = {"Paula", "Thomas", "Lewis"};
    for (int i = 0; i < 3; i++) {
        char *text = await(make_greeting(names[i])); // typed: a char *, checked by the compiler
        defer(free, text);
        puts(text);
    }
    return 0;
}

int main(void) { return eddy_run(main_task()); }
