/* SPDX-License-Identifier: Apache-2.0 */

/* Linked with lastcall (static, with --wrap): each allocation comes through here, libevent's and the
 * libc's too, and fails where a test says so, at any time, in the file that STARVED names. */

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Shared with the test. */
struct control {
    atomic_long calls;       /* so far; the test sets it to 0 */
    atomic_long first, last; /* those that fail, counted from 1 */
    atomic_long used, limit; /* bytes */
};

static struct control unshared = {.limit = LONG_MAX}, *control = &unshared;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void __real_free(void *pointer);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void __wrap_free(void *pointer);

__attribute__((__constructor__)) static void share(void)
{
    const char *path = getenv("STARVED");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *shared =
        fd < 0 ? MAP_FAILED
               : mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    if (shared != MAP_FAILED)
        control = shared;
}

static bool fails(size_t size)
{
    long call = atomic_fetch_add(&control->calls, 1) + 1;

    return (call >= atomic_load(&control->first) && call <= atomic_load(&control->last)) ||
           atomic_load(&control->used) + (long)size > atomic_load(&control->limit);
}

static void *count(void *pointer)
{
    atomic_fetch_add(&control->used, (long)malloc_usable_size(pointer));
    return pointer;
}

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t number, size_t size)
{
    return fails(number * size) ? NULL : count(__real_calloc(number, size));
}

void *__wrap_realloc(void *pointer, size_t size)
{
    long before = (long)malloc_usable_size(pointer);

    if (fails(size))
        return NULL;
    atomic_fetch_sub(&control->used, before);
    return count(__real_realloc(pointer, size));
}

void __wrap_free(void *pointer)
{
    atomic_fetch_sub(&control->used, (long)malloc_usable_size(pointer));
    __real_free(pointer);
}
