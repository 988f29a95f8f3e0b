/* SPDX-License-Identifier: MIT */
/* countdown.c - a generator: the first line of its body runs when its first value is asked for.
 * */
#include <eddy/keywords.h>
#include <stdio.h>

generator(int, countdown, (int, n))
{
    printf("Counting down from %d\n", n);
    while (n > 0) {
        yield(n);
        n--;
    }
}

int main(void)
{
    struct countdown numbers = countdown(10);
    puts("ready");
    for_each (x, &numbers)
        printf("T-minus %d\n", x);
    return 0;
}
