/* SPDX-License-Identifier: MIT */
/*
 * clients.c - clients PORT COUNT SECONDS: COUNT connections to server.c, in three phases with a rest after each.
 *
 * In the first phase a hundredth of them misbehave, in the others a tenth. The others send a request now and then,
 * compare the answer, and reconnect from time to time: not a byte may be missing. After each phase the server must
 * hold what it held in the beginning; and the third phase, which does the same as the second, must not leave more
 * behind.
 */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    OPENING = 100,    /* clients that connect at the same time */
    LARGEST = 1500,   /* bytes of a request */
    PATIENCE = 60,    /* seconds; reached only by a client that hangs */
    /* How much more than at the beginning the server may hold: memory for the next tasks, and the driver's buffers,
     * which are 8 MiB on io_uring once all connections have been busy at the same time. Under load it holds 64 MB. */
    KEPT_BLOCKS = 100,
    KEPT_KILOBYTES = 20480,
    /* The difference that is allowed between two equal phases: a leak in each of a hundred thousand visits would be
     * forty bytes. */
    DIFFERENT_BLOCKS = 50,
    DIFFERENT_KILOBYTES = 4096
};

static int port;
static double until;
static long requests, visits, misdeeds;
static eddy_semaphore opening = EDDY_SEMAPHORE_INIT(OPENING);

/* The numbers that the server reports; see server.c. */
struct state {
    long blocks, descriptors, connections, kilobytes;
};

static double random_between(double low, double high)
{
    return low + (high - low) * drand48();
}

/* A local port remains in use for a while after its connection has ended: several addresses have more ports. */
async(eddy_stream *, visit, (int, number))
{
    char host[16];
    snprintf(host, sizeof host, "127.0.0.%d", 2 + number % 8);
    eddy_connection_options options = {.size = sizeof options, .local_host = host};
    await(eddy_semaphore_acquire(&opening));
    defer(eddy_semaphore_release, &opening);
    visits++;
    return await(eddy_open_connection_with_options("127.0.0.1", port, &options));
}

/* ==== clients that behave ==== */

async(void, ask, (eddy_stream *, s), (int, number))
{
    char sent[LARGEST + 16], came[LARGEST];
    size_t size = 1 + (size_t)lrand48() % LARGEST;
    int head = snprintf(sent, sizeof sent, "ECHO %zu\n", size);
    for (size_t i = 0; i < size; i++)
        sent[(size_t)head + i] = (char)(number + (int)i);
    await(eddy_stream_write(s, sent, (size_t)head + size));
    await(eddy_stream_read_exactly(s, came, size));
    if (memcmp(sent + head, came, size))
        throw(EBADMSG, "client %d got other bytes than it had sent", number);
    requests++;
}

async(void, behave, (int, number))
{
    while (eddy_time() < until) {
        eddy_stream *s = await(visit(number));
        defer(eddy_stream_abort, s);
        for (int left = 1 + (int)(lrand48() % 40); left && eddy_time() < until; left--) {
            await_for(ask(s, number), PATIENCE);
            await(eddy_sleep(random_between(0, 4)));
        }
    }
}

/* ==== clients that misbehave ==== */

/* The peer gets a reset, and its data is thrown away. */
static void reset(eddy_stream *s)
{
    struct linger gone = {1, 0};
    setsockopt(eddy_stream_descriptor(s), SOL_SOCKET, SO_LINGER, &gone, sizeof gone);
    eddy_stream_abort(s);
}

async(void, read_slowly, (eddy_stream *, s), (size_t, size))
{
    char part[4096];
    await(eddy_stream_printf(s, "GIVE %zu\n", size));
    for (size_t got; size && (got = await(eddy_stream_read(s, part, sizeof part))) > 0; size -= got)
        await(eddy_sleep(0.02));
}

/* As slow as the server's patience allows, and unfinished. */
async(void, ask_in_drops, (eddy_stream *, s))
{
    for (int i = 0; i < 20; i++) {
        await(eddy_stream_write(s, &"ECHO 100\n01234567890"[i], 1));
        await(eddy_sleep(random_between(0, 0.2)));
    }
}

enum { MISDEEDS = 8 };

async(void, misbehave_once, (int, number), (int, how))
{
    eddy_stream *s = await(visit(number));
    defer(reset, s);
    switch (how) {
    case 0: /* half a request, and then silence */
        await(eddy_stream_printf(s, "ECHO 1000\n%0500d", number));
        await(eddy_sleep(random_between(0, 5)));
        break;
    case 1: /* half a line, and then a disconnect */
        await(eddy_stream_printf(s, "ECH"));
        break;
    case 2:
        await(read_slowly(s, 1000000));
        break;
    case 3: /* sends requests, and never reads */
        await(eddy_stream_printf(s, "GIVE 100000000\nGIVE 100000000\n"));
        await(eddy_sleep(random_between(1, 5)));
        break;
    case 4: /* connects and disconnects */
        break;
    case 5:
        await(ask_in_drops(s));
        break;
    case 6: /* half a request, and then the end of the data */
        await(eddy_stream_printf(s, "GIVE 200000\nECHO 1000\n"));
        await(eddy_stream_write_eof(s));
        await(eddy_sleep(random_between(0, 1)));
        break;
    default: /* no request at all */
        await(eddy_stream_write(s, "\0\377\r\n\n", 5));
        await(eddy_sleep(random_between(0, 1)));
    }
}

async(void, misbehave, (int, number))
{
    eddy_error err; /* it is disconnected, as expected */
    for (int how = number; eddy_time() < until; how++) {
        await(misbehave_once(number, how % MISDEEDS), &err);
        misdeeds++;
        await(eddy_sleep(random_between(0, 0.5)));
    }
}

/* ==== what the server holds ==== */

async(struct state, state_of_server)
{
    struct state state;
    eddy_slice line;
    char text[128];
    eddy_stream *s = await(visit(0));
    defer(eddy_stream_abort, s);
    await(eddy_stream_printf(s, "STATE\n"));
    await(eddy_stream_read_line(s, &line));
    snprintf(text, sizeof text, "%.*s", (int)line.size, line.data);
    if (sscanf(text, "%ld %ld %ld %ld", &state.blocks, &state.descriptors, &state.connections, &state.kilobytes) != 4)
        throw(EBADMSG, "no state: %s", text);
    return state;
}

static void print_state(const char *when, const struct state *state)
{
    printf("%s: %ld blocks, %ld descriptors, %ld connections, %ld KiB\n", when, state->blocks, state->descriptors,
           state->connections, state->kilobytes);
    fflush(stdout);
}

static struct state plus(struct state state, long blocks, long kilobytes)
{
    state.blocks += blocks;
    state.kilobytes += kilobytes;
    return state;
}

static bool is_within(const struct state *now, const struct state *limit)
{
    return now->connections == 1 && now->descriptors == limit->descriptors && now->blocks <= limit->blocks &&
           now->kilobytes <= limit->kilobytes;
}

/* Waits until it is within the limit, or has not been for a long time. */
async(struct state, state_at_rest, (const struct state *, limit))
{
    double latest = eddy_time() + PATIENCE;
    struct state state = await(state_of_server());
    while (!is_within(&state, limit) && eddy_time() < latest) {
        await(eddy_sleep(0.2));
        state = await(state_of_server());
    }
    return state;
}

/* The least that it holds within some seconds: unused memory is returned each second. */
async(struct state, least_state, (struct state, least))
{
    for (int i = 0; i < 6; i++) {
        await(eddy_sleep(0.5));
        struct state state = await(state_of_server());
        if (state.kilobytes < least.kilobytes)
            least = state;
    }
    return least;
}

async(void, put_under_load, (int, count), (int, one_in))
{
    async_with (group, eddy_task_group())
        for (int i = 0; i < count; i++) {
            if (i % one_in == one_in - 1)
                eddy_group_spawn(group, misbehave(i));
            else
                eddy_group_spawn(group, behave(i));
        }
}

async(void, watch, (double, seconds))
{
    await(eddy_sleep(seconds));
    struct state state = await(state_of_server());
    print_state("  in the middle", &state);
}

/* Returns what the server holds after all clients have disconnected. */
async(struct state, run_phase, (int, count), (double, seconds), (int, one_in), (struct state, limit))
{
    printf("one in %d misbehaves\n", one_in);
    until = eddy_time() + seconds;
    struct watch *watcher = spawn(watch(seconds / 2));
    await(put_under_load(count, one_in));
    await(watcher);
    struct state after = await(state_at_rest(&limit));
    print_state("  afterwards", &after);
    if (!is_within(&after, &limit))
        throw(EDDY_INVALID_STATE, "the server holds more than %ld blocks, %ld KiB", limit.blocks, limit.kilobytes);
    return after;
}

async(int, main_task, (int, count), (double, seconds))
{
    struct state before = await(state_of_server());
    print_state("before", &before);
    struct state limit = plus(before, KEPT_BLOCKS, KEPT_KILOBYTES);
    await(run_phase(count, seconds / 3, 100, limit));
    struct state second = await(run_phase(count, seconds / 3, 10, limit));
    second = await(least_state(second));
    await(run_phase(count, seconds / 3, 10, plus(second, DIFFERENT_BLOCKS, DIFFERENT_KILOBYTES)));
    printf("%ld requests, %ld visits, %ld misdeeds\n", requests, visits, misdeeds);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: clients PORT COUNT SECONDS\n"), 2;
    port = atoi(argv[1]);
    return eddy_run(main_task(atoi(argv[2]), atof(argv[3])));
}
