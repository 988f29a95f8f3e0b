/* SPDX-License-Identifier: MIT */
/* date.c - the dates of HTTP, without regard to the locale. */
#define EDDY_LIBRARY
#include <stdio.h>
#include <string.h>

#include "exchange.h"

static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void date_format(time_t when, char *text)
{
    struct tm tm;
    gmtime_r(&when, &tm);
    snprintf(text, DATE_ROOM, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * tm.tm_wday, tm.tm_mday % 100,
             months + 3 * tm.tm_mon, (tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
}

time_t date_read(const char *text)
{
    struct tm tm = {0};
    char month[4], again[DATE_ROOM];
    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec) != 6)
        return -1;
    const char *found = strstr(months, month);
    tm.tm_mon = found ? (int)(found - months) / 3 : 0;
    tm.tm_year -= 1900;
    time_t when = timegm(&tm);
    date_format(when, again);
    return strcmp(text, again) == 0 ? when : -1; /* else it is another form, or no date */
}

eddy_slice stamp_of(struct eddy_http_server *server)
{
    time_t now = time(NULL);
    char date[DATE_ROOM];
    const char *name = server->options.name ? server->options.name : "eddy";
    if (now != server->second || !server->stamp_size) {
        date_format(now, date);
        int size = snprintf(server->stamp, sizeof server->stamp, "Date: %s\r\n%s%.100s%s", date,
                            *name ? "Server: " : "", name, *name ? "\r\n" : "");
        server->second = now;
        server->stamp_size = (size_t)size;
    }
    return (eddy_slice){server->stamp, server->stamp_size};
}
