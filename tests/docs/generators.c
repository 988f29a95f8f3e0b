/* SPDX-License-Identifier: MIT */
/* generators.c - generators by hand, sent values, delegating, asynchronous, as managers and as coroutines; lists */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

// [generator]
generator(int, countdown, (int, n))
{
    while (n > 0)
        yield(n--);
}

static void print_countdown(void)
{
    for_each (x, countdown(3)) /* break, return and goto close the generator */
        printf("%d ", x);
    printf("\n");
}
// [generator]

// [full]
/* Yields the mean so far, is sent the next number, and returns how many numbers there were. */
generator_full(double, double, int, averager)
{
    double sum = 0, mean = 0;
    int count = 0;
    for (;;) {
        double x = yield(mean);
        if (x < 0)
            return count;
        sum += x;
        mean = sum / ++count;
    }
}

static void average(void)
{
    double mean;
    struct averager g = averager();
    eddy_next(&g, &mean); /* runs to the first yield */
    eddy_send(&g, 10, &mean);
    eddy_send(&g, 20, &mean);
    if (!eddy_send(&g, -1, &mean))
        printf("%d numbers, mean %.1f\n", g.result, mean);
}
// [full]

// [hand]
generator(int, careful)
{
    eddy_error err;
    for (int i = 0;; i++) {
        yield(i, &err);
        if (err.code == EINTR)
            i = 99; /* goes on with 100 */
        else if (err.code)
            rethrow(&err);
    }
}

static void by_hand(void)
{
    int x;
    eddy_error err;
    struct careful g = careful();
    while (eddy_next(&g, &x) && x < 3)
        continue;
    if (eddy_throw(&g, EINTR, &x))
        printf("after EINTR: %d\n", x);
    if (!eddy_throw(&g, EIO, &x, &err) && err.code)
        printf("failed: %s\n", eddy_error_name(err.code));
    eddy_close(&g); /* has ended already: nothing happens */
}
// [hand]

// [delegate]
generator_full(int, int, int, twice, (int, n))
{
    yield(n);
    yield(n);
    return 2 * n;
}

generator(int, in_turn)
{
    int sum = yield_from(twice(1)); /* its values go straight to the consumer */
    sum += yield_from(twice(2));
    yield(sum);
}
// [delegate]

// [transfer]
struct game {
    struct player *players[2];
    int strokes;
};

generator(int, player, (int, me), (struct game *, game))
{
    while (game->strokes++ < 5)
        eddy_transfer(game->players[1 - me]); /* the other one runs next; the consumer is not resumed in between */
    yield(me);
}

static void play(void)
{
    int who;
    struct game game = {.strokes = 0};
    struct player a = player(0, &game), b = player(1, &game);
    game.players[0] = &a;
    game.players[1] = &b;
    if (eddy_next(&a, &who)) /* the value comes from the generator that yields first */
        printf("player %d has the ball\n", who);
    eddy_close(&a);
    eddy_close(&b);
}
// [transfer]

// [async]
async_generator(int, ticks, (int, n))
{
    for (int i = 0; i < n; i++) {
        await(eddy_sleep(1));
        yield(i);
    }
}

async(int, sum_of_ticks)
{
    int sum = 0;
    async_for (x, ticks(4))
        sum += x;
    return sum;
}
// [async]

// [anext]
async_generator_full(int, const char *, measure)
{
    const char *text = yield(0);
    while (text) {
        int size = 0;
        while (text[size])
            size++;
        await(eddy_sleep(0.1));
        text = yield(size);
    }
}

async(void, asynchronously)
{
    int size = 0;
    struct measure g = measure();
    await(eddy_anext(&g)); /* runs to the first yield */
    if (await(eddy_asend(&g, "four", &size)))
        printf("size %d\n", size);
    await(eddy_aclose(&g));
}
// [anext]

// [list]
typedef list_of(int) int_list;

static int sum_of_even(void)
{
    int sum = 0;
    int_list squares = {0};
    collect(&squares, x * x, x, countdown(5), x % 2 == 0); /* [x * x for x in countdown(5) if x % 2 == 0] */
    list_push(&squares, 100);
    for (size_t i = 0; i < squares.count; i++)
        sum += squares.items[i];
    list_free(&squares);
    return sum;
}
// [list]

// [manager]
generator(const char *, transaction, (const char *, name))
{
    eddy_error err;
    printf("begin %s\n", name);
    yield(name, &err); /* the block runs here */
    printf("%s %s\n", err.code ? "roll back" : "commit", name);
    if (err.code)
        rethrow(&err);
}

async(void, transfer_money, (int, amount))
{
    async_with (name, eddy_manager_from_generator(transaction("transfer"))) {
        if (amount < 0)
            throw(EINVAL, "%s of %d", name, amount);
        printf("%d\n", amount);
    }
}
// [manager]

// [coroutine]
/* The style before async and await: a generator that yields what it waits for. */
generator(eddy_awaitable *, old_style)
{
    struct eddy_sleep pause = eddy_sleep(1);
    yield((eddy_awaitable *)&pause);
    printf("a second later\n");
}
// [coroutine]

async(void, main_task)
{
    eddy_error err;
    print_countdown();
    average();
    by_hand();
    for_each (x, in_turn())
        printf("%d ", x);
    printf("\n");
    play();
    printf("%d\n", await(sum_of_ticks()));
    await(asynchronously());
    printf("%d\n", sum_of_even());
    await(transfer_money(5));
    await(transfer_money(-5), &err);
    // [run-coroutine]
    await(eddy_from_generator(old_style()));
    // [run-coroutine]
}

int main(void)
{
    return eddy_run(main_task());
}
