/* SPDX-License-Identifier: MIT */
/* channel.c - core 1 sends numbers to core 0 */
#include <stdio.h>
#include <eddy/keywords.h>

typedef channel_of(int) numbers;

async(int, each_core, (numbers *, sender), (numbers *, receiver))
{
    if (eddy_core_index() == 1) {
        defer(eddy_channel_free, sender); /* the last sender that goes closes the channel */
        for (int i = 0; i < 5; i++)
            await(eddy_channel_put(sender, i * i));
        return 0;
    }
    int sum = 0;
    async_for (number, receiver)
        sum += number;
    printf("%d\n", sum);
    return 0;
}

int main(void)
{
    numbers channel, sender, receiver;
    if (eddy_channel_init(&channel, 2) != 0)
        return 1;
    eddy_channel_sender(&sender, &channel);
    eddy_channel_receiver(&receiver, &channel);
    eddy_channel_free(&channel); /* the two halves remain */
    int status = eddy_run_on_cores(2, each_core(&sender, &receiver));
    eddy_channel_free(&receiver);
    return status;
}
