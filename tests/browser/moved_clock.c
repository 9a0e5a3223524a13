/*
 * Makes a program live later than it is: preloaded into it, every reading of the wall clock is CLOCK_AHEAD_S seconds
 * ahead. Clocks that only measure how long something takes stay as they are. libfaketime does the same and more, but
 * stops for ever in programs whose allocator reads a clock.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *at) {
    const char *ahead = getenv("CLOCK_AHEAD_S");
    long failed = syscall(SYS_clock_gettime, id, at);
    if (failed == 0 && id == CLOCK_REALTIME && ahead != NULL) at->tv_sec += atol(ahead);
    return (int)failed;
}
