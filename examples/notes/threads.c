/* SPDX-License-Identifier: MIT */
/* threads.c - a slow plain function runs on a thread: the loop is free meanwhile. */
#include <eddy/keywords.h>
#include <stdio.h>

blocking(long, sum_of_squares, (int, n))
{
    long sum = 0;
    for (long i = 1; i <= n; i++)
        sum += i * i;
    return sum;
}

async(void, main_task)
{
    struct sum_of_squares *first = spawn(sum_of_squares(10));
    struct sum_of_squares *second = spawn(sum_of_squares(1000));
    puts("the loop goes on");
    printf("%ld\n", await(first));
    printf("%ld\n", await(second));
}

int main(void)
{
    return eddy_run(main_task());
}
