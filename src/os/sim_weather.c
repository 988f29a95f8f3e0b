/* SPDX-License-Identifier: MIT */
/* sim_weather.c - the weather of the simulated network, from text: see sim_weather.h. */
#include "os/sim_weather.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* With a seed: all that a correct program does not notice. */
static const struct sim_weather mixed = {.latency = 0.005, .short_part = 0.3, .late = 0.3, .deaf_cancel = 0.5,
                                         .outage = 2.0};

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

bool sim_weather_read(struct sim_weather *weather, uint64_t seed, const char *text)
{
    *weather = seed ? mixed : (struct sim_weather){0};
    while (text && *(text += strspn(text, " ,")) != '\0') {
        size_t size = strcspn(text, "=");
        char *end;
        double *member = find(weather, text, size);
        if (!member || text[size] != '=')
            return false;
        *member = strtod(text + size + 1, &end);
        if (end == text + size + 1 || !(*member >= 0) || (*end && !strchr(" ,", *end)))
            return false;
        text = end;
    }
    return true;
}
