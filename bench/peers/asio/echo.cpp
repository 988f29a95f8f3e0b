// SPDX-License-Identifier: MIT
// echo.cpp - Boost.Asio's echo server, by its C++20 coroutines; a buffer a connection.
#include <boost/asio.hpp>
#include <exception>
#include <vector>

#include "server.h"

namespace asio = boost::asio;
using asio::ip::tcp;

static asio::awaitable<void> echo(tcp::socket s, size_t size)
{
    try {
        for (std::vector<char> buffer(size);;) {
            size_t got = co_await s.async_read_some(asio::buffer(buffer), asio::use_awaitable);
            co_await asio::async_write(s, asio::buffer(buffer, got), asio::use_awaitable);
        }
    } catch (const std::exception &) {
        // the client has gone
    }
}

static asio::awaitable<void> serve(size_t size)
{
    auto executor = co_await asio::this_coro::executor;
    tcp::acceptor acceptor(executor, tcp::v4(), server_listen(SOCK_NONBLOCK));
    for (;;) {
        tcp::socket s = co_await acceptor.async_accept(asio::use_awaitable);
        s.set_option(tcp::no_delay(true));
        asio::co_spawn(executor, echo(std::move(s), size), asio::detached);
    }
}

int main(int argc, char **argv)
{
    asio::io_context context(1);
    asio::co_spawn(context, serve(server_buffer(argc, argv)), asio::detached);
    context.run();
}
