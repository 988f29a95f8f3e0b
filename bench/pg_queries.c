/* SPDX-License-Identifier: MIT */
/*
 * pg_queries.c - short queries of PostgreSQL: pg_queries eddy|blocking SECONDS [TASKS [CONNECTIONS]]
 *
 * Prints the number of queries, the seconds that they took, and this process's CPU time in seconds. PG_URL names the
 * server. `blocking` is libpq's PQexecPrepared, one query after another on one connection. Run by bench/pg_queries.py.
 */
#include <libpq-fe.h>
#include <string.h>
#include <eddy/pg.h>
#include <eddy/keywords.h>

#include "client.h"

async(void, ask, (eddy_pg *, db), (double, until))
{
    for (int i = 0; now() < until; i++) {
        eddy_pg_rows *rows = await(eddy_pg_query(db, "select $1::int + 1", i));
        if (eddy_pg_integer(rows, 0, 0) != i + 1)
            throw(EBADMSG, "a wrong answer");
        eddy_pg_rows_free(rows);
        requests++;
    }
}

/* All connections are made before the time begins. */
async(void, warm_up, (eddy_pg *, db), (int, tasks))
{
    double until = now() + 0.3;
    async_with (group, eddy_task_group())
        for (int i = 0; i < tasks; i++)
            eddy_group_spawn(group, ask(db, until));
    requests = 0;
}

async(void, run, (double, seconds), (int, tasks), (int, connections))
{
    eddy_pg_options options = {.size = sizeof options, .connections = (size_t)connections};
    async_with (db, eddy_pg_open(getenv("PG_URL"), &options)) {
        await(warm_up(db, tasks));
        double began = now(), cpu_before = cpu();
        async_with (group, eddy_task_group())
            for (int i = 0; i < tasks; i++)
                eddy_group_spawn(group, ask(db, began + seconds));
        report(began, cpu_before);
    }
}

static void ask_blocking(void *pg, int depth, double until)
{
    (void)depth;
    char text[16];
    const char *values[] = {text};
    for (int i = 0; now() < until; i++) {
        snprintf(text, sizeof text, "%d", i);
        PGresult *result = PQexecPrepared(pg, "q", 1, values, NULL, NULL, 0);
        if (atoi(PQgetvalue(result, 0, 0)) != i + 1)
            abort();
        PQclear(result);
        requests++;
    }
}

static int run_blocking(double seconds)
{
    PGconn *pg = PQconnectdb(getenv("PG_URL"));
    PQclear(PQprepare(pg, "q", "select $1::int + 1", 0, NULL));
    measure(ask_blocking, pg, 1, seconds);
    PQfinish(pg);
    return 0;
}

int main(int argc, char **argv)
{
    double seconds = argc > 2 ? atof(argv[2]) : 2;
    if (argc > 1 && strcmp(argv[1], "blocking") == 0)
        return run_blocking(seconds);
    return eddy_run(run(seconds, argc > 3 ? atoi(argv[3]) : 64, argc > 4 ? atoi(argv[4]) : 4));
}
