/* bridge.c - what a bridge to another library keeps for each loop */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <eddy/keywords.h>

struct client {
    int requests;
};

static void free_client(void *client)
{
    printf("%d requests\n", ((struct client *)client)->requests);
    free(client);
}

/* The loop's client, made when it is first needed; NULL: no memory. */
static struct client *client_of_this_loop(void)
{
    static const char key;
    void **slot = eddy_loop_slot(&key);
    if (!slot || *slot)
        return slot ? *slot : NULL;
    struct client *client = calloc(1, sizeof *client);
    if (client && eddy_at_loop_end(free_client, client) == 0)
        *slot = client;
    else
        free(client);
    return *slot;
}

async(void, request)
{
    struct client *client = client_of_this_loop();
    if (!client)
        throw(ENOMEM);
    client->requests++;
}

async(void, main_task)
{
    await(request());
    await(request());
}

int main(void)
{
    return eddy_run(main_task());
}
