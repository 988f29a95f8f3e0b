/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include <stdio.h>

// [macros]
/* record(NAME, (TYPE, MEMBER)...): a struct, and the number of its members. */
#define RECORD_MEMBER(T, member) T member;
#define RECORD_PLUS_ONE(T, member) +1
#define record(name, ...) \
    struct name { \
        EDDY_EACH(RECORD_MEMBER, name, __VA_ARGS__) \
    }; \
    enum { name##_members = 0 EDDY_EACH(RECORD_PLUS_ONE, name, __VA_ARGS__) }

/* times (n) statement */
#define times(n) TIMES(n, EDDY_UNIQUE(times_left_))
#define TIMES(n, left) for (int left = (n); left > 0; left--)

record(point, (double, x), (double, y));

async(int, main_task)
{
    struct point p = {.x = 1, .y = 2};
    times (point_members)
        times (2) {
            await(eddy_sleep(1));
            p.x += p.y;
        }
    printf("%.0f\n", p.x);
    return 0;
}
// [macros]

int main(void)
{
    return eddy_run(main_task());
}
