/* SPDX-License-Identifier: MIT */
/*
 * test_hibernation.c - rules of the loop option `hibernation`: code that reads a sleeping stack finds its complete
 * contents. The same must hold under sanitizers and Valgrind, where nothing ever sleeps. test_hibernation_crowd.c
 * has threads.
 */
#include "hibernation.h"

#include "os/hibernate_table.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Stacks that were parked when this began sleep when it is over. */
async(void, time_passes)
{
    await(eddy_sleep(2.2));
    await(eddy_sleep(0.01));
}

async(void, look_from_another_task)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    struct parked *task = spawn(parked(7));
    await(time_passes());
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    CHECK(is_whole(first) && first->seed == 7);
    CHECK(stacks_asleep() == 0);
    await(all_sleep()); /* and again */
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    fill(first, 8);
    await(all_sleep());
    eddy_event_set(&go);
    await(task);
}

static void another_task_finds_a_sleeping_stack_whole(void **state)
{
    (void)state;
    RUN_ASLEEP(look_from_another_task());
    assert_int_equal(stacks_asleep(), 0);
}

/* Whether the fault is the sleeper's, by the place of the address in its part of the slab. */
static bool is_its_fault(size_t offset, size_t guards)
{
    struct hibernate_lock lock = hibernate_lock();
    const struct stack_slab *slab = hibernate_find((uintptr_t)first);
    char *begin = slab->stacks + hibernate_index(slab, first) * slab->stride;
    hibernate_unlock(&lock);
    char *address = begin + guards * stack_guard_size() + offset;
    return hibernate_fault((uintptr_t)address, (uintptr_t)address);
}

async(void, fault_at_a_sleeper)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    struct parked *task = spawn(parked(3));
    await(all_sleep());
    if (sleeps_here()) {
        CHECK(stacks_asleep() == 1);
        CHECK(!is_its_fault(0, 0) && !is_its_fault((size_t)-1, 1)); /* the guard: a stack has overflowed */
        CHECK(stacks_asleep() == 1);
        CHECK(is_its_fault(0, 1) && stacks_asleep() == 0);
    }
    CHECK(is_whole(first));
    eddy_event_set(&go);
    await(task);
}

static void a_fault_in_the_guard_wakes_nobody(void **state)
{
    (void)state;
    RUN_ASLEEP(fault_at_a_sleeper());
}

async(void, cancel_a_sleeper)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    struct parked *task = spawn(parked(1));
    await(all_sleep());
    eddy_cancel(task);
    eddy_error err;
    await(task, &err);
    CHECK(err.code == ECANCELED);
}

static void a_sleeper_can_be_cancelled(void **state)
{
    (void)state;
    RUN_ASLEEP(cancel_a_sleeper());
}

/* ---- by spawn ---- */

async(void, spawn_one_that_sleeps)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    const eddy_spawn_options options = {.size = sizeof options, .hibernation = true};
    struct parked *one = eddy_spawn_with(parked(1), &options), *other = spawn(parked(2));
    await(all_sleep());
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    eddy_event_set(&go);
    await(one);
    await(other);
}

static void a_single_task_may_sleep(void **state)
{
    (void)state;
    RUN_CLEAN(spawn_one_that_sleeps());
}

/* ---- the kernel ---- */

static char *buffer_of_sleeper;

async(void, owns_buffer)
{
    char buffer[64] = "as it was";
    buffer_of_sleeper = buffer;
    await(eddy_event_wait(&go));
    CHECK(strcmp(buffer, "received") == 0);
}

async(void, receive_there, (int, fd))
{
    CHECK(await(eddy_recv(fd, buffer_of_sleeper, 64, 0)) == 9);
}

async(void, lend_to_kernel)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    struct owns_buffer *owner = spawn(owns_buffer());
    await(all_sleep());
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    struct receive_there *reader = spawn(receive_there(ends[0]));
    await(all_sleep());
    CHECK(!sleeps_here() || stacks_asleep() == 1); /* the reader; the owner's has been lent */
    CHECK(write(ends[1], "received", 9) == 9);
    await(reader);
    eddy_event_set(&go);
    await(owner);
    close(ends[0]);
    close(ends[1]);
}

/* The simulation does not wait for descriptors that are not its own. */
static bool is_simulation(void)
{
    const char *driver = getenv("EDDY_DRIVER");
    return driver && strcmp(driver, "sim") == 0;
}

static void what_is_lent_to_the_kernel_does_not_sleep(void **state)
{
    (void)state;
    if (!is_simulation())
        RUN_ASLEEP(lend_to_kernel());
}

/* Memory that may contain a part of a message, the name of a file, or a word of a command. */
static struct lender {
    char text[16], path[16], script[16];
    struct stat status;
} *lender;

async(void, lends)
{
    struct lender own = {.text = "to be sent", .path = "/dev/null", .script = "exit 7"};
    lender = &own;
    await(eddy_event_wait(&go));
    CHECK(S_ISCHR(own.status.st_mode));
}

async(void, operate_on_sleeper)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    char received[16];
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    struct lends *task = spawn(lends());
    await(all_sleep());
    struct lender *at = lender;
    struct iovec pieces[] = {{(char *)"It is ", 6}, {at->text, 0}};
    await(all_sleep());
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    pieces[1].iov_len = 10;
    CHECK(await(eddy_sendmsg(ends[0], &(struct msghdr){.msg_iov = pieces, .msg_iovlen = 2}, 0)) == 16);
    CHECK(read(ends[1], received, sizeof received) == 16 && memcmp(received, "It is to be sent", 16) == 0);
    await(all_sleep());
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    await(eddy_stat(at->path, &at->status));
    await(all_sleep());
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    const char *const words[] = {"sh", "-c", at->script, NULL};
    eddy_process *process = await(eddy_process_start(words, NULL));
    CHECK(await(eddy_process_wait(process)).code == 7);
    eddy_process_free(process);
    eddy_event_set(&go);
    await(task);
    close(ends[0]);
    close(ends[1]);
}

static void operations_wake_what_they_name(void **state)
{
    (void)state;
    if (!is_simulation())
        RUN_ASLEEP(operate_on_sleeper());
}

/* ---- threads of the pool ---- */

eddy_blocking(bool, look_in_thread)
{
    return is_whole(first);
}

/* The kernel writes to memory that may lie on a stack that would sleep. */
eddy_blocking(ssize_t, read_in_thread, (int, fd), (char *, buffer))
{
    return read(fd, buffer, 16);
}

/* Only the function knows where it reads to. */
eddy_blocking(ssize_t, read_somewhere_in_thread, (int, fd))
{
    return read(fd, buffer_of_sleeper, 16);
}

async(void, waits_for_thread, (int, fd))
{
    char buffer[16] = "";
    buffer_of_sleeper = buffer;
    CHECK(await(read_somewhere_in_thread(fd)) == 9 && strcmp(buffer, "received") == 0);
}

async(void, waits_beside_thread, (int, fd))
{
    char buffer[16] = "";
    struct read_in_thread *reader = spawn(read_in_thread(fd, buffer));
    await(eddy_event_wait(&go));
    CHECK(await(reader) == 9 && strcmp(buffer, "received") == 0);
}

async(void, use_threads)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    struct parked *task = spawn(parked(9));
    await(all_sleep());
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    CHECK(await(look_in_thread()));
    struct waits_for_thread *one = spawn(waits_for_thread(ends[0]));
    struct waits_beside_thread *other = spawn(waits_beside_thread(ends[0]));
    await(eddy_sleep(0)); /* the reader that the other spawns begins in the next pass */
    await(all_sleep());
    CHECK(!sleeps_here() || stacks_asleep() == 1); /* parked */
    for (int i = 0; i < 2; i++)
        CHECK(write(ends[1], "received", 9) == 9);
    eddy_event_set(&go);
    await(one);
    await(other);
    await(task);
    close(ends[0]);
    close(ends[1]);
}

static void what_a_blocking_function_is_given_does_not_sleep(void **state)
{
    (void)state;
    RUN_ASLEEP(use_threads());
}

/* ---- signals ---- */

static volatile sig_atomic_t found_whole, faults;
static void *shut_page;

static void look(int number)
{
    (void)number;
    found_whole = is_whole(first);
}

/* Like a program's own handler that opens pages at their first access. */
static void open_page(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    faults++;
    if (info->si_addr == shut_page)
        mprotect(shut_page, 4096, PROT_READ | PROT_WRITE);
}

static void touch_shut_page(void)
{
    if (RUNNING_ON_VALGRIND) { /* which counts it as an error */
        faults++;
        return;
    }
    mprotect(shut_page, 4096, PROT_NONE);
    *(volatile char *)shut_page = 1;
}

async(void, look_from_handlers)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    struct parked *task = spawn(parked(3));
    struct sigaction ours, theirs = {.sa_sigaction = open_page, .sa_flags = SA_SIGINFO}, usual;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = look}, &usual);
    await(all_sleep());
    raise(SIGUSR1);
    CHECK(found_whole);
    sigaction(SIGUSR1, &usual, NULL);
    faults = 0;
    sigaction(SIGSEGV, &theirs, &ours); /* in front of the library's */
    await(all_sleep());
    CHECK(is_whole(first) && faults == 0);
    touch_shut_page();
    CHECK(faults == 1); /* it receives faults that are not the library's */
    await(all_sleep());
    CHECK(is_whole(first));
    touch_shut_page();
    CHECK(faults == 2);
    sigaction(SIGSEGV, &ours, NULL);
    eddy_event_set(&go);
    await(task);
}

static void a_loop_without_signals_refuses(void **state)
{
    (void)state;
    eddy_loop_options options = asleep;
    options.no_signals = true;
    eddy_error err;
    eddy_run_with(&options, time_passes(), &err);
    assert_int_equal(err.code, ENOTSUP);
    assert_non_null(strstr(err.message, "no_signals leaves SIGSEGV alone"));
}

static void handlers_of_signals_find_it_whole(void **state)
{
    (void)state;
    shut_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    RUN_ASLEEP(look_from_handlers());
    munmap(shut_page, 4096);
}

/* ---- fork ---- */

async(void, look_from_child)
{
    go = (eddy_event)EDDY_EVENT_INIT;
    struct parked *task = spawn(parked(4));
    await(all_sleep());
    pid_t child = fork();
    if (child == 0) {
        if (is_whole(first) && first->seed == 4)
            raise(SIGKILL); /* Valgrind would look for memory that its parent has not freed */
        _exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    CHECK(!sleeps_here() || stacks_asleep() == 1);
    CHECK(is_whole(first));
    eddy_event_set(&go);
    await(task);
}

static void a_forked_child_finds_it_whole(void **state)
{
    (void)state;
    RUN_ASLEEP(look_from_child());
}

/* ---- refusals ---- */

async(void, nothing)
{
}

static void a_kernel_without_such_guards_is_told_of(void **state)
{
    (void)state;
    int ends[2], status;
    char text[512] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        setenv("EDDY_STACK_GUARD", "mprotect", 1);
        _exit(eddy_run_with(&asleep, nothing()));
    }
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof text - 1) >= 0);
    close(ends[0]);
    waitpid(child, &status, 0);
    if (WEXITSTATUS(status) == 0)
        return; /* a sanitizer: nothing ever sleeps */
    assert_non_null(strstr(text, "cannot hibernate: it needs MADV_GUARD_INSTALL (Linux 6.13)"));
}

int main(void)
{
    const struct CMUnitTest refusals[] = {
        cmocka_unit_test(a_kernel_without_such_guards_is_told_of),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_task_finds_a_sleeping_stack_whole),
        cmocka_unit_test(a_fault_in_the_guard_wakes_nobody),
        cmocka_unit_test(a_sleeper_can_be_cancelled),
        cmocka_unit_test(a_single_task_may_sleep),
        cmocka_unit_test(what_is_lent_to_the_kernel_does_not_sleep),
        cmocka_unit_test(operations_wake_what_they_name),
        cmocka_unit_test(what_a_blocking_function_is_given_does_not_sleep),
        cmocka_unit_test(handlers_of_signals_find_it_whole),
        cmocka_unit_test(a_loop_without_signals_refuses),
        cmocka_unit_test(a_forked_child_finds_it_whole),
    };
    int failed = cmocka_run_group_tests(refusals, NULL, NULL);
    return can_sleep() ? failed + cmocka_run_group_tests(tests, NULL, NULL) : failed;
}
