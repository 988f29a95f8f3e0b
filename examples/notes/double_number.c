/* SPDX-License-Identifier: MIT */
/* double_number.c - yield is an expression: its value is the value that was sent. */
#include <eddy/keywords.h>
#include <stdio.h>

generator(int, double_number, (int, number))
{
    for (;;) {
        number *= 2;
        number = yield(number);
    }
}

int main(void)
{
    struct double_number c = double_number(4);
    eddy_error err;
    int value;
    if (!eddy_send(&c, 5, &value, &err) && err.code == EDDY_GENERATOR_NOT_STARTED)
        puts("nothing can be sent before the first yield");
    if (eddy_next(&c, &value))
        printf("%d\n", value);
    if (eddy_send(&c, 5, &value))
        printf("%d\n", value);
    if (eddy_send(&c, 1500, &value))
        printf("%d\n", value);
    if (eddy_send(&c, 3, &value))
        printf("%d\n", value);
    eddy_close(&c);
    if (!eddy_send(&c, 1, &value))
        puts("closed");
    return 0;
}
