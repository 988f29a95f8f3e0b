/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - gets URLs at the same time, and prints the size of each:  fetch URL...
 *
 * One client serves all tasks: it keeps connections for the next requests to the same server.
 */
#include <eddy/keywords.h>
#include <eddy/http.h>
#include <stdio.h>
#include <string.h>

// [fetch]
async(void, fetch, (eddy_http_client *, client), (const char *, url))
{
    eddy_http_reply *reply = await(eddy_http_get(client, url));
    defer(eddy_http_reply_free, reply);
    const char *type = eddy_http_field(reply->fields, "Content-Type");
    size_t size = 0;
    eddy_slice piece;
    while (await(eddy_http_read_some(reply->body, &piece)))
        size += piece.size;
    printf("%d %s %s: %zu bytes\n", reply->status, reply->url, type ? type : "-", size);
}
// [fetch]

// [send]
async(void, send_note, (eddy_http_client *, client), (const char *, text))
{
    const char *const fields[] = {"Content-Type: text/plain", NULL};
    eddy_http_call call = {.method = "POST", .fields = fields, .body = text, .size = strlen(text)};
    eddy_http_reply *reply = await(eddy_http_send(client, "/notes", &call));
    defer(eddy_http_reply_free, reply);
    if (reply->status != 201)
        throw(EDDY_HTTP_FAILED, "%s: %d %s", reply->url, reply->status, reply->reason);
}
// [send]

async(void, main_task, (char **, urls))
{
    async_with (client, eddy_http_open(*urls)) {
        async_with (group, eddy_task_group()) {
            for (char **url = urls; *url; url++)
                eddy_group_spawn(group, fetch(client, *url));
        }
    }
}

async(void, note_task, (const char *, url), (const char *, text))
{
    async_with (client, eddy_http_open(url))
        await(send_note(client, text));
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "-n") == 0)
        return eddy_run(note_task(argv[2], argv[3]));
    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: fetch URL..., fetch -n URL TEXT\n");
        return 2;
    }
    return eddy_run(main_task(argv + 1));
}
