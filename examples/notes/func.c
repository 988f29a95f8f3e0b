/* SPDX-License-Identifier: MIT */
/* func.c - the return value of a generator arrives with the signal that it has ended. */
#include "int_list.h"
#include <string.h>

generator_full(int, void, int, func)
{
    yield(37);
    return 42;
}

int main(void)
{
    struct func g = func();
    char text[120];
    eddy_describe(&g, text, sizeof text);
    *strstr(text, " at ") = '\0'; /* the address differs from run to run */
    puts(text);

    int value;
    if (eddy_next(&g, &value))
        printf("%d\n", value);
    if (!eddy_next(&g, &value))
        printf("StopIteration: %d\n", g.result);
    if (!eddy_next(&g, &value))
        puts("StopIteration again");

    int_list list = {0};
    collect(&list, x, x, func());
    int_list_print(&list);
    list_free(&list);
    return 0;
}
