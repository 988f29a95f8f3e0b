// error: this type does not travel
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include <eddy/jobs.h>

remote_async(int, f, (int *, numbers))
{
    return *numbers;
}
