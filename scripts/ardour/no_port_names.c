/* Preloaded into Ardour 7.3: its pretty names for JACK ports are refused.
 *
 * It sets them from a thread of its own, beside other calls to the server; libjack2 does not guard that, and in about
 * half of all starts the server closes the connection. Built by ardour_bars.py: cc -shared -fPIC -o X.so this.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

typedef void *(*lookup)(void *, const char *);

static int refused(void) {
    return -1;
}

void *dlsym(void *library, const char *symbol) {
    static lookup original;
    if (!original) {
        original = (lookup)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    }
    return symbol && strcmp(symbol, "jack_set_property") == 0 ? (void *)refused : original(library, symbol);
}
