/* SPDX-License-Identifier: MIT */
/* test_remote.c - rules of eddy_run_coroutine_threadsafe: another thread waits for a coroutine of this loop. */
#include <eddy.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "transcript.h"

/* The instructions for the other thread, and the outcome. The thread writes it; the test reads it after the thread
 * has ended. */
struct visit {
    eddy_loop *loop;
    void (*body)(struct visit *visit);
    int value, code;
    bool done;
    char message[64];
    int finished; /* atomic */
};

eddy_async(int, twice, (int, n), (pthread_t, caller))
{
    eddy_await(eddy_sleep(0.001));
    if (pthread_equal(caller, pthread_self()))
        eddy_raise(EDDY_INVALID_STATE, "on the wrong thread");
    return 2 * n;
}

eddy_async(int, fails)
{
    eddy_await(eddy_sleep(0));
    eddy_raise(EDOM, "number %d", 5);
}

eddy_async(int, sleeps)
{
    eddy_await(eddy_sleep(1e6));
    return 1;
}

static void keep_error(struct visit *visit, eddy_error *err)
{
    visit->code = err->code;
    snprintf(visit->message, sizeof visit->message, "%s", err->message);
    eddy_error_free(err);
}

static void ask(struct visit *visit)
{
    eddy_error err;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(visit->loop, twice(21, pthread_self()));
    visit->done = eddy_remote_wait(remote, -1, &visit->value, &err);
    keep_error(visit, &err);
    eddy_remote_free(remote);
}

static void ask_for_trouble(struct visit *visit)
{
    eddy_error err, again;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(visit->loop, fails());
    visit->done = eddy_remote_wait(remote, -1, &visit->value, &err) &&
                  eddy_remote_wait(remote, 0, NULL, &again) && again.code == err.code;
    eddy_error_free(&again);
    eddy_remote_free(remote);
    keep_error(visit, &err); /* it outlives the function that fetched it */
}

static void ask_and_cancel(struct visit *visit)
{
    eddy_error err;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(visit->loop, sleeps());
    visit->done = eddy_remote_wait(remote, 0.001, &visit->value, &err);
    visit->done |= err.code != 0;
    eddy_remote_cancel(remote);
    eddy_remote_cancel(remote);
    visit->value = eddy_remote_wait(remote, -1, NULL, &err);
    keep_error(visit, &err);
    eddy_remote_cancel(remote);
    eddy_remote_free(remote);
}

static void ask_and_go(struct visit *visit)
{
    eddy_remote_free(eddy_run_coroutine_threadsafe(visit->loop, fails()));
    eddy_remote *remote = eddy_run_coroutine_threadsafe(visit->loop, twice(1, pthread_self()));
    eddy_remote_cancel(remote);
    eddy_remote_free(remote);
}

static void *run_visit(void *argument)
{
    struct visit *visit = argument;
    visit->body(visit);
    __atomic_store_n(&visit->finished, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

eddy_async(void, visited, (struct visit *, visit))
{
    pthread_t thread;
    visit->loop = eddy_current_loop();
    pthread_create(&thread, NULL, run_visit, visit);
    while (!__atomic_load_n(&visit->finished, __ATOMIC_SEQ_CST))
        eddy_await(eddy_sleep(0.001));
    pthread_join(thread, NULL);
    eddy_await(eddy_sleep(0.01));
}

static void the_result_comes_to_the_other_thread(void **state)
{
    (void)state;
    struct visit visit = {.body = ask};
    RUN(visited(&visit));
    assert_true(visit.done);
    assert_int_equal(visit.value, 42);
    assert_int_equal(visit.code, 0);
}

static void an_error_comes_to_the_other_thread(void **state)
{
    (void)state;
    struct visit visit = {.body = ask_for_trouble};
    RUN(visited(&visit));
    assert_true(visit.done);
    assert_int_equal(visit.code, EDOM);
    assert_string_equal(visit.message, "number 5");
}

static void the_other_thread_can_cancel(void **state)
{
    (void)state;
    struct visit visit = {.body = ask_and_cancel};
    RUN(visited(&visit));
    assert_false(visit.done);
    assert_int_equal(visit.value, 1);
    assert_int_equal(visit.code, ECANCELED);
}

static void the_other_thread_need_not_wait(void **state)
{
    (void)state;
    struct visit visit = {.body = ask_and_go};
    RUN(visited(&visit));
}

/* ---- on the loop's own thread ---- */

eddy_async(void, waits_for_itself)
{
    eddy_error err;
    int value = 0;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(NULL, twice(4, (pthread_t){0}));
    note("%d", eddy_remote_wait(remote, 0, &value, &err));
    note("%s %d", eddy_error_name(err.code), value);
    eddy_error_free(&err);
    while (!value) { /* a result that is ready can be taken on any thread */
        eddy_await(eddy_sleep(0.001));
        (void)!eddy_remote_wait(remote, 0, &value, &err);
        eddy_error_free(&err);
    }
    note("%d", value);
    eddy_remote_free(remote);
}

static void the_loops_own_thread_is_told_that_it_would_wait_for_itself(void **state)
{
    (void)state;
    RUN(waits_for_itself());
    told("1 EDEADLK 0 8");
}

/* ---- a loop that ends meanwhile ---- */

static pthread_t late_thread;

static void ask_late(struct visit *visit)
{
    eddy_error err;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(visit->loop, sleeps());
    __atomic_store_n(&visit->finished, 1, __ATOMIC_SEQ_CST);
    visit->done = eddy_remote_wait(remote, -1, NULL, &err);
    keep_error(visit, &err);
    eddy_remote_free(remote);
}

static void *run_late(void *argument)
{
    struct visit *visit = argument;
    visit->body(visit);
    return NULL;
}

/* Ends as soon as the request is in the inbox, without having looked at it. */
eddy_async(void, leaves_early, (struct visit *, visit))
{
    visit->loop = eddy_current_loop();
    pthread_create(&late_thread, NULL, run_late, visit);
    while (!__atomic_load_n(&visit->finished, __ATOMIC_SEQ_CST)) {
    }
}

static void a_request_that_the_end_of_the_loop_meets_is_cancelled(void **state)
{
    (void)state;
    struct visit visit = {.body = ask_late};
    assert_int_equal(eddy_run(leaves_early(&visit)), 0);
    pthread_join(late_thread, NULL);
    assert_true(visit.done);
    assert_int_equal(visit.code, ECANCELED);
}

static eddy_remote *left_behind;

eddy_async(void, leaves_one_behind, (eddy_loop **, loop))
{
    *loop = eddy_loop_ref(eddy_current_loop());
    left_behind = eddy_run_coroutine_threadsafe(*loop, sleeps());
}

/* The request to cancel has no receiver, and is dropped without an effect. */
static void a_remote_that_outlives_its_loop_can_be_cancelled_and_freed(void **state)
{
    (void)state;
    eddy_loop *loop;
    eddy_error err;
    eddy_await(eddy_sleep(1), &err); /* the error that was caught last is kept, as errno is */
    long blocks = memory_live_blocks();
    assert_int_equal(eddy_run(leaves_one_behind(&loop)), 0);
    eddy_remote_cancel(left_behind);
    assert_true(eddy_remote_wait(left_behind, -1, NULL, &err));
    assert_int_equal(err.code, ECANCELED);
    eddy_error_free(&err);
    eddy_remote_cancel(left_behind);
    eddy_remote_free(left_behind);
    eddy_remote *late = eddy_run_coroutine_threadsafe(loop, sleeps());
    eddy_remote_cancel(late);
    assert_true(eddy_remote_wait(late, -1, NULL, &err));
    assert_int_equal(err.code, EDDY_NO_LOOP);
    assert_non_null(strstr(err.message, "eddy_run_coroutine_threadsafe(sleeps) at "));
    eddy_error_free(&err);
    eddy_remote_free(late);
    eddy_loop_unref(loop);
    eddy_remote_free(NULL);
    assert_int_equal(memory_live_blocks(), blocks);
}

/* A thread that gives up while the loop still runs the coroutine leaves a result that is never taken. */
eddy_async(void *, makes_memory)
{
    eddy_await(eddy_sleep(0));
    return malloc(100); /* freed by the line below; sanitizers would see a leak */
}
eddy_async_free(makes_memory, free);

eddy_async(void, gives_up_at_once)
{
    eddy_remote_free(eddy_run_coroutine_threadsafe(NULL, makes_memory()));
    eddy_await(eddy_sleep(0.01));
}

static void a_result_that_is_not_awaited_is_freed(void **state)
{
    (void)state;
    RUN(gives_up_at_once());
}

/* ---- results that are not fetched ---- */

static int made, given_back; /* atomic */
static int freed_elsewhere;  /* atomic: freed on another thread than the loop's */
static pthread_t loops_thread;

eddy_async(char *, make_text, (double, seconds))
{
    eddy_await(eddy_sleep(seconds));
    char *text = malloc(8);
    if (!text)
        eddy_raise(ENOMEM);
    __atomic_fetch_add(&made, 1, __ATOMIC_SEQ_CST);
    return strcpy(text, "text");
}

static void give_back(char *text)
{
    free(text);
    __atomic_fetch_add(&given_back, 1, __ATOMIC_SEQ_CST);
    if (!pthread_equal(loops_thread, pthread_self()))
        __atomic_fetch_add(&freed_elsewhere, 1, __ATOMIC_SEQ_CST);
}

eddy_async_free(make_text, give_back);

static void begin_counting(void)
{
    made = given_back = freed_elsewhere = 0;
    loops_thread = pthread_self();
}

static void look_and_go(struct visit *visit)
{
    eddy_error err;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(visit->loop, make_text(0));
    visit->done = eddy_remote_wait(remote, -1, NULL, &err);
    keep_error(visit, &err);
    eddy_remote_free(remote);
}

static void go_at_once(struct visit *visit)
{
    eddy_remote_free(eddy_run_coroutine_threadsafe(visit->loop, make_text(0)));
}

static void fetch(struct visit *visit)
{
    eddy_error err;
    char *text = NULL;
    eddy_remote *remote = eddy_run_coroutine_threadsafe(visit->loop, make_text(0));
    visit->done = eddy_remote_wait(remote, -1, &text, &err) && eddy_remote_wait(remote, -1, NULL, &err);
    keep_error(visit, &err);
    eddy_remote_free(remote);
    if (text)
        give_back(text);
}

static void a_result_that_is_not_fetched_is_freed_on_the_loops_thread(void **state)
{
    (void)state;
    struct visit looks = {.body = look_and_go}, goes = {.body = go_at_once};
    begin_counting();
    RUN(visited(&looks));
    assert_true(looks.done);
    assert_int_equal(looks.code, 0);
    assert_int_equal(given_back, 1);
    RUN(visited(&goes));
    assert_int_equal(made, 2);
    assert_int_equal(given_back, 2);
    assert_int_equal(freed_elsewhere, 0);
}

static void a_fetched_result_belongs_to_the_caller(void **state)
{
    (void)state;
    struct visit visit = {.body = fetch};
    begin_counting();
    RUN(visited(&visit));
    assert_true(visit.done);
    assert_int_equal(given_back, 1);
    assert_int_equal(freed_elsewhere, 1);
}

static eddy_remote *kept_remote;

static void keep_remote(struct visit *visit)
{
    eddy_error err;
    kept_remote = eddy_run_coroutine_threadsafe(visit->loop, make_text(0));
    visit->done = eddy_remote_wait(kept_remote, -1, NULL, &err);
    keep_error(visit, &err);
}

/* Fetched or freed after the loop has ended. */
static void a_result_outlives_the_loop(void **state)
{
    (void)state;
    eddy_error err;
    char *text = NULL;
    struct visit freed = {.body = keep_remote}, fetched = {.body = keep_remote};
    begin_counting();
    assert_int_equal(eddy_run(visited(&freed)), 0);
    assert_int_equal(given_back, 0);
    eddy_remote_free(kept_remote);
    assert_int_equal(given_back, 1);
    assert_int_equal(eddy_run(visited(&fetched)), 0);
    assert_true(eddy_remote_wait(kept_remote, 0, &text, &err));
    eddy_remote_free(kept_remote);
    assert_int_equal(given_back, 1);
    assert_string_equal(text, "text");
    free(text);
}

/* ---- results that end with their loop ---- */

eddy_async(void, wait_for_end, (eddy_stream *, s), (void *, unused))
{
    char byte;
    (void)unused;
    (void)!eddy_await(eddy_stream_read(s, &byte, 1));
}

eddy_async(eddy_stream *, dial_for_others, (int, port))
{
    return eddy_await(eddy_open_connection("127.0.0.1", port));
}
eddy_async_free(dial_for_others, eddy_stream_abort);

enum { KINDS = 6 };

static eddy_remote *left[KINDS];

static int listen_at_any_port(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)address, size) == 0 && listen(fd, 1) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* Waits until it has ended; fetches nothing. */
eddy_async(int, end_of, (eddy_remote *, remote))
{
    eddy_error err = {.code = EDEADLK};
    while (err.code == EDEADLK) {
        eddy_await(eddy_sleep(0.001));
        (void)!eddy_remote_wait(remote, 0, NULL, &err);
        eddy_error_free(&err);
    }
    return err.code;
}

/* Waits until the loop has seen the end of every child: one that still runs would outlive the loop. */
eddy_async(void, end_of_children)
{
    siginfo_t info;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        eddy_await(eddy_sleep(0.001));
}

eddy_async(void, leave_results, (int, listener))
{
    const char *words[] = {"true", NULL};
    const eddy_process_options pipes = {.size = sizeof pipes, .out = EDDY_PIPE};
    eddy_server *server = eddy_await(eddy_start_server(wait_for_end, (void *)NULL, "127.0.0.1", 0));
    int port = eddy_server_port(server);
    left[0] = eddy_run_coroutine_threadsafe(NULL, eddy_open_connection("127.0.0.1", port));
    left[1] = eddy_run_coroutine_threadsafe(NULL, dial_for_others(port));
    left[2] = eddy_run_coroutine_threadsafe(NULL, eddy_file_open("/dev/null", O_RDONLY, 0));
    left[3] = eddy_run_coroutine_threadsafe(NULL, eddy_start_server(wait_for_end, (void *)NULL, "127.0.0.1", 0));
    left[4] = eddy_run_coroutine_threadsafe(NULL, eddy_process_start(words, &pipes));
    left[5] = eddy_run_coroutine_threadsafe(NULL, eddy_accept(listener));
    for (int i = 0; i < KINDS; i++)
        if (eddy_await(end_of(left[i])) != 0)
            note("%d failed", i);
    eddy_await(end_of_children());
    eddy_await(eddy_server_close(server, 0));
}

/* They could neither be used nor closed afterwards. */
static void what_is_nothing_without_its_loop_is_closed_with_it(void **state)
{
    (void)state;
    struct sockaddr_in address;
    int listener = listen_at_any_port(&address), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    eddy_run(eddy_sleep(0)); /* memory that a first loop keeps for the process exists */
    int descriptors = open_descriptors();
    long blocks = memory_live_blocks();
    assert_int_equal(eddy_run(leave_results(listener)), 0);
    assert_int_equal(open_descriptors(), descriptors);
    for (int i = 0; i < KINDS; i++) {
        eddy_error err;
        void *result = NULL;
        assert_true(eddy_remote_wait(left[i], 0, &result, &err));
        assert_int_equal(err.code, EDDY_NO_LOOP);
        assert_null(result);
        eddy_error_free(&err);
        eddy_remote_free(left[i]);
    }
    assert_int_equal(memory_live_blocks(), blocks);
    close(client);
    close(listener);
    told("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_comes_to_the_other_thread),
        cmocka_unit_test(an_error_comes_to_the_other_thread),
        cmocka_unit_test(the_other_thread_can_cancel),
        cmocka_unit_test(the_other_thread_need_not_wait),
        cmocka_unit_test(the_loops_own_thread_is_told_that_it_would_wait_for_itself),
        cmocka_unit_test(a_remote_that_outlives_its_loop_can_be_cancelled_and_freed),
        cmocka_unit_test(a_result_that_is_not_awaited_is_freed),
        cmocka_unit_test(a_request_that_the_end_of_the_loop_meets_is_cancelled),
        cmocka_unit_test(a_result_that_is_not_fetched_is_freed_on_the_loops_thread),
        cmocka_unit_test(a_fetched_result_belongs_to_the_caller),
        cmocka_unit_test(a_result_outlives_the_loop),
        cmocka_unit_test(what_is_nothing_without_its_loop_is_closed_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
