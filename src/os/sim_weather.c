/* SPDX-License-Identifier: MIT */
/* sim_weather.c - the weather of the simulated network, from text: see sim_weather.h. */
#include "os/sim_weather.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The first one has everything that a correct program does not notice. */
static const struct {
    const char *name;
    struct sim_weather weather;
} weathers[] = {
    {"mixed", {.latency = 0.005, .short_part = 0.3, .late = 0.3, .deaf_cancel = 0.5, .outage = 2}},
    {"fine", {.latency = 0}},
    {"slow", {.latency = 1, .short_part = 0.3, .late = 1, .deaf_cancel = 1, .outage = 2}},
    {"resets", {.latency = 0.005, .short_part = 0.3, .late = 0.3, .deaf_cancel = 0.5, .outage = 2, .reset = 0.02}},
    {"cuts", {.latency = 0.005, .short_part = 0.3, .late = 0.3, .deaf_cancel = 0.5, .outage = 5, .partition = 0.3}},
    {"storm", {.latency = 0.05, .short_part = 0.5, .late = 0.5, .deaf_cancel = 1, .outage = 5, .partition = 0.5,
               .reset = 0.1}},
};

/* False: there is no weather of this name. */
static bool take_named(struct sim_weather *weather, const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof weathers / sizeof weathers[0]; i++)
        if (strlen(weathers[i].name) == size && memcmp(weathers[i].name, name, size) == 0) {
            *weather = weathers[i].weather;
            return true;
        }
    return false;
}

static double *find(struct sim_weather *weather, const char *name, size_t size)
{
    static const struct {
        const char *name;
        size_t offset; /* of the member */
    } members[] = {
        {"latency", offsetof(struct sim_weather, latency)}, {"short", offsetof(struct sim_weather, short_part)},
        {"late", offsetof(struct sim_weather, late)},       {"deaf", offsetof(struct sim_weather, deaf_cancel)},
        {"reset", offsetof(struct sim_weather, reset)},     {"partition", offsetof(struct sim_weather, partition)},
        {"outage", offsetof(struct sim_weather, outage)},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strlen(members[i].name) == size && memcmp(members[i].name, name, size) == 0)
            return (double *)(void *)((char *)weather + members[i].offset);
    return NULL;
}

/* "reset=0.01": returns the text after the name; NULL: it is another one. */
static const char *take_member(struct sim_weather *weather, const char *text, size_t size)
{
    char *end;
    double *member = find(weather, text, size);
    if (!member || text[size] != '=')
        return NULL;
    *member = strtod(text + size + 1, &end);
    bool number = end != text + size + 1 && *member >= 0;
    return number && (!*end || strchr(" ,", *end)) ? end : NULL;
}

bool sim_weather_read(struct sim_weather *weather, uint64_t seed, const char *text)
{
    *weather = seed ? weathers[0].weather : (struct sim_weather){0};
    while (text && *(text += strspn(text, " ,")) != '\0') {
        size_t size = strcspn(text, "= ,");
        text = take_named(weather, text, size) ? text + size : take_member(weather, text, size);
        if (!text)
            return false;
    }
    return true;
}
