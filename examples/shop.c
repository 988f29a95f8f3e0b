/* SPDX-License-Identifier: MIT */
/*
 * shop.c - customers who buy at the same time, in PostgreSQL: many tasks, a few connections, a transaction each.
 *
 *   PG_URL=postgresql://localhost/test eddy run examples/shop.c      (make run-pg starts a PostgreSQL for it)
 */
#include <stdio.h>
#include <eddy/pg.h>
#include <eddy/keywords.h>

enum { CUSTOMERS = 30 };

static const char schema[] =
    "drop table if exists orders, items;"
    "create table items(name text primary key, price numeric(8, 2) not null, stock int not null check (stock >= 0));"
    "create table orders(id serial primary key, customer int not null, item text not null references items);"
    "insert into items values('apple', 0.35, 100), ('pear', 0.50, 25)";

// [buy]
/* The order and the stock change together, or neither does. */
async(void, buy, (eddy_pg *, db), (int, customer), (const char *, item))
{
    async_with (tx, eddy_pg_transaction(db)) {
        await(eddy_pg_execute(tx, "insert into orders(customer, item) values($1, $2)", customer, item));
        await(eddy_pg_execute(tx, "update items set stock = stock - 1 where name = $1", item));
    }
}
// [buy]

async(void, visit, (eddy_pg *, db), (int, customer), (int *, sold_out))
{
    eddy_error err;
    await(buy(db, customer, "apple"));
    await(buy(db, customer, "pear"), &err);
    if (err.code && !eddy_pg_is_state(&err, "23514")) /* the check of the table */
        rethrow(&err);
    *sold_out += err.code != 0;
}

// [show]
async(void, show, (eddy_pg *, db))
{
    eddy_pg_rows *rows = await(eddy_pg_query(db, "select name, stock, price, count(id)"
                                                 " from items left join orders on item = name group by name"
                                                 " order by name"));
    defer(eddy_pg_rows_free, rows);
    for (size_t i = 0; i < rows->count; i++)
        printf("%s: %s left, %lld sold at %s each\n", eddy_pg_text(rows, i, 0), eddy_pg_text(rows, i, 1),
               (long long)eddy_pg_integer(rows, i, 3), eddy_pg_text(rows, i, 2));
}
// [show]

// [cancel]
/* The server is told to give up what takes too long. */
async(void, hurry, (eddy_pg *, db))
{
    eddy_error err;
    await_for(eddy_pg_query(db, "select pg_sleep(3600)"), 0.05, &err);
    printf("%s\n", eddy_error_name(err.code));
}
// [cancel]

// [main]
async(void, main_task, (const char *, url))
{
    int sold_out = 0;
    async_with (db, eddy_pg_open(url)) {
        await(eddy_pg_script(db, schema));
        async_with (group, eddy_task_group())
            for (int i = 0; i < CUSTOMERS; i++)
                eddy_group_spawn(group, visit(db, i, &sold_out));
        await(show(db));
        printf("%d came too late\n", sold_out);
        await(hurry(db));
    }
}
// [main]

int main(void)
{
    const char *url = getenv("PG_URL");
    return eddy_run(main_task(url ? url : "postgresql://localhost/postgres"));
}
