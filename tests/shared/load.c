/* SPDX-License-Identifier: MIT */
/* load.c LIBRARY - a program that was linked without the library loads it while it runs, as a host loads a plugin. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) {
        fprintf(stderr, "%s\n", argc > 1 ? dlerror() : "the library is missing");
        return 1;
    }
    void *(*open_loop)(const void *, void *) = (void *(*)(const void *, void *))dlsym(library, "eddy_loop_open");
    int (*step)(void *, double) = (int (*)(void *, double))dlsym(library, "eddy_loop_step");
    int (*close_loop)(void *) = (int (*)(void *))dlsym(library, "eddy_loop_close");
    void *loop = open_loop ? open_loop(NULL, NULL) : NULL;
    if (!loop || step(loop, 0) != 0 || close_loop(loop) != 0) {
        fprintf(stderr, "the library was loaded, but its loop does not run\n");
        return 1;
    }
    return 0;
}
