/* SPDX-License-Identifier: MIT */
/*
 * render.c - the Mandelbrot set, a band of lines a job: in this process, or by workers on any number of machines.
 *
 *     eddy run render.c                                        all of it here
 *     EDDY_JOBS=nats://HOST eddy run render.c -- worker        on each machine that shall help
 *     EDDY_JOBS=nats://HOST eddy run render.c                  asks them
 *     eddy run render.c -- picture.pgm 1600                    a picture of that width instead of letters
 *
 * `make run-jobs` does it with a server and three workers of its own.
 */
#include <eddy/jobs.h>
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_WIDTH = 4096, BAND = 4, STEPS = 255 };

// [job]
wire_struct(view, (double, left), (double, top), (double, step_x), (double, step_y), (int, width));
wire_struct(band, (int, first), (array_of(uint8_t), pixels));

/* Steps until the point is far away. */
static uint8_t steps_of(double cx, double cy)
{
    double x = 0, y = 0;
    int steps = 0;
    for (; steps < STEPS && x * x + y * y < 4; steps++) {
        double next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
    }
    return (uint8_t)steps;
}

remote_async(band, render_band, (view, v), (int, first), (int, lines))
{
    static uint8_t pixels[BAND * MOST_WIDTH]; /* what a job returns is copied before another one runs */
    if (lines > BAND || v.width > MOST_WIDTH)
        throw(EINVAL, "a band of %d lines of %d pixels", lines, v.width);
    for (int i = 0; i < lines * v.width; i++)
        pixels[i] = steps_of(v.left + i % v.width * v.step_x, v.top + (first + i / v.width) * v.step_y);
    return (band){.first = first, .pixels = {pixels, (size_t)(lines * v.width)}};
}
// [job]

struct picture {
    view view;
    int height;
    int done;          /* lines */
    uint8_t *pixels;
};

// [ask]
static void show_progress(const struct picture *p)
{
    int length = p->done * 40 / p->height;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r[%.*s%*s] %d of %d lines%s", length, "########################################", 40 - length,
                "", p->done, p->height, p->done == p->height ? "\n" : "");
}

async(void, ask_for_band, (struct picture *, p), (int, first))
{
    int lines = p->height - first < BAND ? p->height - first : BAND;
    band b = await(eddy_remote(render_band(p->view, first, lines)));
    defer(free, b.pixels.items);
    memcpy(p->pixels + (size_t)first * (size_t)p->view.width, b.pixels.items, b.pixels.count);
    p->done += lines;
    show_progress(p);
}

async(void, ask_for_all, (struct picture *, p))
{
    async_with (bands, eddy_task_group())
        for (int first = 0; first < p->height; first += BAND)
            eddy_group_spawn(bands, ask_for_band(p, first));
}
// [ask]

static void print_letters(const struct picture *p)
{
    static const char letters[] = " .:-=+*#%@";
    for (int i = 0; i < p->height * p->view.width; i++) {
        putchar(letters[p->pixels[i] == STEPS ? 9 : p->pixels[i] < 27 ? p->pixels[i] / 3 : 8]);
        if ((i + 1) % p->view.width == 0)
            putchar('\n');
    }
}

async(int, main_task, (const char *, path), (int, width))
{
    int height = path ? width * 2 / 3 : 24;
    struct picture p = {.view = {-2.2, -1.2, 3.2 / width, 2.4 / height, width}, .height = height};
    if (width < 1 || width > MOST_WIDTH || !(p.pixels = calloc((size_t)width, (size_t)height)))
        throw(EINVAL, "a width of %d: at most %d", width, MOST_WIDTH);
    defer(free, p.pixels);
    await(ask_for_all(&p));
    FILE *file = path ? fopen(path, "wb") : NULL;
    if (path && !file)
        throw(errno, "%s", path);
    if (!path)
        print_letters(&p);
    else if (fprintf(file, "P5 %d %d 255\n", width, height) < 0 ||
             fwrite(p.pixels, (size_t)width, (size_t)height, file) == 0 ||
             fclose(file) != 0)
        throw(EIO, "%s", path);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 3 || (argc > 1 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: render [worker | PICTURE.pgm [WIDTH]]\n");
        return 2;
    }
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        return eddy_run(eddy_worker());
    return eddy_run(main_task(argc > 1 ? argv[1] : NULL, argc > 2 ? atoi(argv[2]) : argc > 1 ? 800 : 72));
}
