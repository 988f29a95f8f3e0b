// error: .eddy_channel. is unavailable: a channel has the type of its items: channel_of\(int\) c
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(void, g)
{
    eddy_channel c;
    eddy_channel_init(&c, 3);
    async_for (item, c)
        (void)item;
}
