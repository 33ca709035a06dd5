/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/metrics_text.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void lc_text_family(struct lc_text *self, const char *name, const char *type, const char *help)
{
    if (!self->full)
        self->family = self->length;
    lc_text_add(self, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void lc_text_add(struct lc_text *self, const char *format, ...)
{
    va_list arguments;
    int length;

    if (self->full)
        return;
    va_start(arguments, format);
    length = vsnprintf(self->buf + self->length, self->size - self->length, format, arguments);
    va_end(arguments);
    self->full = length < 0 || (size_t)length >= self->size - self->length;
    if (!self->full)
        self->length += (size_t)length;
}

size_t lc_text_end(struct lc_text *self)
{
    if (self->full)
        self->length = self->family;
    return self->length;
}

/* proc(5), /proc/PID/stat: what stands behind the name, which may hold anything. */
struct own_stat {
    unsigned long long user, system, start; /* clock ticks */
    unsigned long long virtual_bytes, resident_pages;
};

static bool read_own_stat(struct own_stat *ret)
{
    LC_CLEANUP_FD int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    char text[1024];
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    const char *rest;

    if (length <= 0)
        return false;
    text[length] = '\0';
    rest = strrchr(text, ')');
    return rest &&
           sscanf(rest,
                  ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
                  "%llu %llu %llu",
                  &ret->user, &ret->system, &ret->start, &ret->virtual_bytes,
                  &ret->resident_pages) == 5;
}

static int count_descriptors(void)
{
    DIR *fds = opendir("/proc/self/fd");
    int count = -3; /* ".", "..", and the directory's own */

    if (!fds)
        return -1;
    while (readdir(fds))
        count++;
    closedir(fds);
    return count;
}

/* When we started, by the wall clock, which is what Prometheus wants. */
static double start_time(const struct own_stat *stat, double ticks)
{
    struct timespec boot, wall;

    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (double)wall.tv_sec + (double)wall.tv_nsec / 1e9 -
           ((double)boot.tv_sec + (double)boot.tv_nsec / 1e9 - (double)stat->start / ticks);
}

static void add_one(struct lc_text *self, const char *name, const char *type, const char *help,
                    double value)
{
    lc_text_family(self, name, type, help);
    lc_text_add(self, "%s %.17g\n", name, value);
}

void lc_text_add_process(struct lc_text *self)
{
    double ticks = (double)sysconf(_SC_CLK_TCK);
    struct rlimit descriptors;
    struct own_stat stat;

    if (!read_own_stat(&stat))
        return;
    add_one(self, "process_cpu_seconds_total", "counter", "CPU time of lastcall itself.",
            (double)(stat.user + stat.system) / ticks);
    add_one(self, "process_resident_memory_bytes", "gauge", "Resident memory of lastcall itself.",
            (double)stat.resident_pages * (double)sysconf(_SC_PAGESIZE));
    add_one(self, "process_virtual_memory_bytes", "gauge", "Virtual memory of lastcall itself.",
            (double)stat.virtual_bytes);
    add_one(self, "process_start_time_seconds", "gauge", "When lastcall started, since the epoch.",
            start_time(&stat, ticks));
    add_one(self, "process_open_fds", "gauge", "Open descriptors of lastcall itself.",
            count_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0)
        add_one(self, "process_max_fds", "gauge", "How many descriptors lastcall may have.",
                (double)descriptors.rlim_cur);
}
