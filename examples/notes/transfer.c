/* SPDX-License-Identifier: MIT */
/* transfer.c - a symmetric coroutine says where control goes next: round the ring, never through
 * main. */
#include <eddy/keywords.h>
#include <stdio.h>

generator(int, player, (const char *, name), (struct player *, partner), (int, rounds))
{
    for (int number = 1; number <= rounds; number++) {
        printf("%s %d\n", name, number);
        eddy_transfer(partner);
    }
    printf("%s has finished\n", name);
}

int main(void)
{
    struct player a, b, c;
    a = player("A", &b, 3);
    b = player("B", &c, 3);
    c = player("C", &a, 3);
    eddy_next(&a);
    puts("back in main");
    eddy_close(&b);
    eddy_close(&c);
    return 0;
}
