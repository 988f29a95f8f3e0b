// error: this type does not travel
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include <eddy/jobs.h>

remote_async(void *, f, (int, n))
{
    (void)n;
    return NULL;
}
