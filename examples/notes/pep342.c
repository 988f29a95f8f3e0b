/* SPDX-License-Identifier: MIT */
/* pep342.c - PEP 342: send, throw and close make a generator a simple coroutine. */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>

static void say(const char *text)
{
    puts(text);
}

generator(double, averager)
{
    double total = 0;
    int count = 0;
    defer(say, "averager: over");
    for (;;) {
        eddy_error err;
        double number = yield(count ? total / count : 0, &err);
        if (err.code == EINVAL) {
            puts("averager: start again");
            total = count = 0;
            continue;
        }
        if (err.code) /* for example, the generator is being closed */
            rethrow(&err);
        total += number;
        count++;
    }
}

int main(void)
{
    struct averager a = averager();
    const double numbers[] = {10, 20, 60};
    double average;
    if (eddy_next(&a, &average))
        printf("%.2f\n", average);
    for (int i = 0; i < 3; i++)
        if (eddy_send(&a, numbers[i], &average))
            printf("%.2f\n", average);
    if (eddy_throw(&a, EINVAL, &average))
        printf("%.2f\n", average);
    if (eddy_send(&a, 7, &average))
        printf("%.2f\n", average);
    eddy_close(&a);

    eddy_error err;
    if (!eddy_throw(&a, EINVAL, &average, &err) && err.code == EINVAL)
        puts("a closed generator throws it back");
    return 0;
}
