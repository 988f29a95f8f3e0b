/* SPDX-License-Identifier: MIT */
/* retry.c - see retry.h. */
#include "retry.h"

#include <eddy.h>
#include <stdint.h>

/* The clock's last digits keep many clients from coming back at the same time; in the simulation they repeat. */
double retry_delay(unsigned failures, double first, double longest)
{
    double delay = first;
    if (failures == 0)
        return 0;
    for (unsigned i = 1; i < failures && delay < longest; i++)
        delay *= 2;
    delay = delay < longest ? delay : longest;
    uint64_t clock = (uint64_t)(eddy_time() * 1e9);
    return delay * (0.75 + (double)(clock % 1000) / 4000);
}
