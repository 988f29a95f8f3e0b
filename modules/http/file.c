/* SPDX-License-Identifier: MIT */
/*
 * file.c - files as responses: by sendfile, in part, or not at all if the client has them.
 *
 * The path is looked up below the folder (beneath.h), so that neither ".." nor a symbolic link leads out of it,
 * whatever happens to the folder meanwhile.
 */
#define EDDY_LIBRARY
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "exchange.h"

enum {
    SMALL = 32768,     /* a file of this size is read and sent with the head */
    PIECE = 256 * 1024 /* bytes that a client must take within send_seconds */
};

/* ==== opening ==== */

static void close_file(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* The path in the folder; a folder's own page is its index.html. NULL: no memory. */
static const char *path_in(struct exchange *x, const char *path)
{
    path += strspn(path, "/");
    size_t size = strlen(path);
    if (size && path[size - 1] != '/')
        return path;
    char *index = arena_take(&x->arena, size + sizeof "index.html");
    if (index)
        sprintf(index, "%sindex.html", path);
    return index;
}

/* ==== what it is ==== */

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {"html", "text/html; charset=utf-8"}, {"htm", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},   {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"}, {"json", "application/json"},
        {"c", "text/plain; charset=utf-8"},   {"h", "text/plain; charset=utf-8"},
        {"txt", "text/plain; charset=utf-8"}, {"md", "text/markdown; charset=utf-8"},
        {"xml", "application/xml"},           {"svg", "image/svg+xml"},
        {"png", "image/png"},                 {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},               {"gif", "image/gif"},
        {"webp", "image/webp"},               {"ico", "image/x-icon"},
        {"woff2", "font/woff2"},              {"pdf", "application/pdf"},
        {"wasm", "application/wasm"},         {"mp4", "video/mp4"},
        {"mp3", "audio/mpeg"},                {"gz", "application/gzip"},
        {"zip", "application/zip"},
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(dot + 1, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

struct file {
    int fd;
    int64_t size;
    int64_t first, end; /* the part that is sent */
    time_t changed;
    char tag[64], date[DATE_ROOM];
};

static void describe(struct file *file, const struct stat *status)
{
    file->size = file->end = status->st_size;
    file->first = 0;
    file->changed = status->st_mtim.tv_sec;
    snprintf(file->tag, sizeof file->tag, "\"%llx.%lx-%llx\"", (unsigned long long)status->st_mtim.tv_sec,
             (unsigned long)status->st_mtim.tv_nsec, (unsigned long long)status->st_size);
    date_format(file->changed, file->date);
}

/* ==== conditions ==== */

/* The tag is in a list, or the list is "*"; weak tags count as strong ones, as If-None-Match wants it. */
static bool has_tag(const char *list, const char *tag)
{
    size_t size = strlen(tag);
    if (strcmp(list, "*") == 0)
        return true;
    for (const char *at = list; (at = strstr(at, tag)); at += size)
        if (at[size] == 0 || at[size] == ',' || at[size] == ' ')
            return true;
    return false;
}

static bool client_has_it(const struct exchange *x, const struct file *file)
{
    const char *tags = head_value(&x->head, "If-None-Match", 0);
    const char *since = head_value(&x->head, "If-Modified-Since", 0);
    if (tags)
        return has_tag(tags, file->tag);
    return since && date_read(since) >= file->changed;
}

/* A number of digits at *at, which moves on. */
static bool read_number(const char **at, int64_t *number)
{
    const char *begin = *at;
    *number = 0;
    for (; **at >= '0' && **at <= '9' && *at - begin < 18; ++*at)
        *number = *number * 10 + **at - '0';
    return *at > begin;
}

/* "bytes=1-5", "bytes=5-", "bytes=-5". 1: a part; 0: the whole, since several parts or other words are not for us; -1:
 * no byte of the file. */
static int read_range(struct file *file, const char *range)
{
    int64_t first, last;
    if (strncasecmp(range, "bytes=", 6) != 0)
        return 0;
    const char *at = range + 6;
    bool from = read_number(&at, &first);
    if (*at++ != '-')
        return 0;
    bool to = read_number(&at, &last);
    if (*at || (!from && !to) || (from && to && last < first))
        return 0;
    if (!from)
        first = last < file->size ? file->size - last : 0;
    if (first >= file->size || (!from && last == 0))
        return -1;
    file->first = first;
    file->end = from && to && last < file->size ? last + 1 : file->size;
    return 1;
}

/* If-Range: the part is of use only if the rest that the client has is of this very file. */
static int part_of(const struct exchange *x, struct file *file)
{
    const char *range = head_value(&x->head, "Range", 0), *condition = head_value(&x->head, "If-Range", 0);
    if (!range || strcmp(x->request.method, "GET") != 0)
        return 0;
    if (condition && strcmp(condition, file->tag) != 0 && strcmp(condition, file->date) != 0)
        return 0;
    return read_range(file, range);
}

/* ==== sending ==== */

static bool add_fields(struct exchange *x, const struct file *file)
{
    char range[100];
    snprintf(range, sizeof range, "bytes %lld-%lld/%lld", (long long)file->first, (long long)file->end - 1,
             (long long)file->size);
    if (x->response.status == 416)
        snprintf(range, sizeof range, "bytes */%lld", (long long)file->size);
    if (x->response.status >= 206 && x->response.status != 304)
        eddy_http_add_field(&x->response, "Content-Range", range);
    eddy_http_add_field(&x->response, "Accept-Ranges", "bytes");
    eddy_http_add_field(&x->response, "ETag", file->tag);
    return eddy_http_add_field(&x->response, "Last-Modified", file->date);
}

static void choose_status(struct exchange *x, struct file *file)
{
    int part = client_has_it(x, file) ? 2 : part_of(x, file);
    x->response.status = part == 2 ? 304 : part == 1 ? 206 : part == -1 ? 416 : 200;
    if (part == 2 || part == -1)
        file->end = file->first = 0;
}

/* The file may have become shorter than it was: then the response fails. */
async(void, send_small, (struct exchange *, x), (struct file *, file))
{
    size_t size = (size_t)(file->end - file->first);
    char *data = malloc(size + 1);
    defer(free, data);
    if (!data)
        throw(ENOMEM, "memory for a file");
    if (size && pread(file->fd, data, size, file->first) != (ssize_t)size)
        throw(EIO, "the file could not be read");
    await(exchange_send_head(x, data, size));
}

async(void, send_large, (struct exchange *, x), (struct file *, file))
{
    eddy_error err;
    await(exchange_send_head(x, NULL, 0));
    for (int64_t at = file->first; at < file->end && !x->headless;) {
        int64_t size = file->end - at < PIECE ? file->end - at : PIECE;
        input_set_deadline(&x->input, x->server->options.send_seconds);
        size_t sent = await_always(eddy_sendfile(x->input.stream, file->fd, at, (size_t)size), &err);
        if (err.code) {
            exchange_lose(x, err.code);
            rethrow(&err);
        }
        if (sent == 0)
            throw(EIO, "the file became shorter while it was being sent");
        x->sent += sent;
        at += (int64_t)sent;
    }
}

async(void, send_it, (struct exchange *, x), (struct file *, file))
{
    choose_status(x, file);
    if (!add_fields(x, file))
        throw(x->failed, "%s", x->failed_why);
    int64_t size = file->end - file->first;
    x->response.size = size;
    if (size <= SMALL && !x->headless)
        await(send_small(x, file));
    else
        await(send_large(x, file));
    x->progress = SENT;
}

/* A folder without a slash after its name: links in its page would lead elsewhere. */
async(void, lead_to_folder, (struct exchange *, x))
{
    const char *target = x->request.target;
    while (target[0] == '/' && target[1] == '/') /* it would name another host */
        target++;
    size_t size = strcspn(target, "?");
    char *place = arena_take(&x->arena, size + 2);
    if (!place)
        throw(ENOMEM, "memory for a field");
    sprintf(place, "%.*s/", (int)size, target);
    eddy_http_add_field(&x->response, "Location", place);
    x->response.status = 301;
    x->response.type = NULL;
}

async_define(void, eddy_http_send_file, (eddy_http_response *, response), (int, folder), (const char *, path))
{
    struct exchange *x = exchange_of(response);
    struct stat status;
    if (x->failed || x->progress != UNSENT)
        throw(x->failed ? x->failed : EDDY_INVALID_STATE, "eddy_http_send_file: %s",
              x->failed ? x->failed_why : "the response has begun already");
    path = path_in(x, path);
    if (!path)
        throw(ENOMEM, "memory for a path");
    struct file file = {.fd = beneath_open(folder, path)};
    defer(close_file, &file.fd);
    bool found = file.fd >= 0 && fstat(file.fd, &status) == 0;
    if (found && S_ISDIR(status.st_mode)) {
        await(lead_to_folder(x));
        return;
    }
    if (!found || !S_ISREG(status.st_mode)) {
        await(exchange_refuse(x, 404, "there is no such file"));
        return;
    }
    describe(&file, &status);
    if (!response->type)
        response->type = type_of(path);
    await(send_it(x, &file));
}
