/* SPDX-License-Identifier: MIT */
/* main.cpp - the C++ part: counts words, and is called by tasks. */
#include <eddy.h>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <unistd.h>
#include "lines.h"

// [called]
struct counter {
    std::map<std::string, int> words;
    double last = 0;
};

/* noexcept: an exception must not pass the C functions that called this. */
extern "C" void count_line(void *who, const char *text, size_t size) noexcept
{
    try {
        counter &all = *static_cast<counter *>(who);
        all.words[std::string(text, size - 1)]++;
        all.last = eddy_time(); /* functions of <eddy.h> can be called; its macros and the keywords are not there */
    } catch (const std::exception &problem) {
        std::cerr << problem.what() << '\n';
    }
}
// [called]

int main()
{
    int ends[2];
    counter all;
    if (pipe(ends) != 0)
        return 1;
    std::thread writer([&] {
        for (const char *word : {"one\n", "two\n", "two\n"})
            if (write(ends[1], word, 4) != 4)
                std::terminate();
        close(ends[1]);
    });
    int status = read_lines(ends[0], count_line, &all);
    writer.join();
    return status != 0 || all.words["two"] != 2 || all.words.size() != 2 || all.last <= 0;
}
