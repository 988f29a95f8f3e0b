/* SPDX-License-Identifier: MIT */
/*
 * copies.c - a program at a fixed address: the linker copies the types of awaitables out of the shared library into
 * it, in the size that the headers say. Therefore that size never changes, and members that later versions use were
 * zero before. A function whose address the program takes has another address, too, and the library must use that one.
 */
#include <fcntl.h>
#include <eddy/keywords.h>

#define CHECK(...) ((__VA_ARGS__) ? (void)0 : throw(EDDY_INVALID_STATE, "not true: %s", #__VA_ARGS__))

static const struct eddy_awaitable_type *const types[] = {
    &eddy_queue_get_type, &eddy_queue_put_type, &eddy_queue_join_type,   &eddy_sleep_type,
    &eddy_gather_type,    &eddy_wait_type,      &eddy_gather_array_type, &eddy_from_generator_type,
    &eddy_anext_type,     &eddy_aclose_type,
};

typedef eddy_queue_of(int) int_queue;

async(int, take, (int_queue *, queue))
{
    int number = await(eddy_queue_get(queue));
    eddy_queue_task_done(queue);
    return number;
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* The result goes to the function that the library has registered for the body, whose address is the program's. */
async(void, leave_a_file)
{
    int before = open_descriptors();
    struct eddy_file_open *opening = spawn(eddy_file_open("/dev/null", O_RDONLY, 0));
    while (!eddy_done(opening))
        await(eddy_sleep(0.001));
    eddy_detach(opening);
    await(eddy_sleep(0.001));
    CHECK(open_descriptors() == before);
}

async(int, main_task)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        CHECK(types[i]->name && !types[i]->reserved[0]);
    int_queue queue;
    eddy_queue_init(&queue, 1);
    defer(eddy_queue_free, &queue);
    struct take *taking = spawn(take(&queue));
    await(eddy_queue_put(&queue, 7));
    await(eddy_sleep(0));
    await(eddy_queue_join(&queue));
    CHECK(await(taking) == 7);
    await(leave_a_file());
    return 0;
}

int main(void) { return eddy_run(main_task()); }
