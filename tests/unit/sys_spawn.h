/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_SYS_SPAWN_H
#define LC_TESTS_UNIT_SYS_SPAWN_H

/* Starting children in tests. */

#include "sys/process.h"
#include "sys_fixture.h"

/* execve(2) takes what it does not change as char *. */
#define ARGV(...) ((char **)(uintptr_t)(const char *[]){__VA_ARGS__, NULL})

__attribute__((unused)) static struct lc_spawn spec_of(char *const *argv)
{
    return (struct lc_spawn){.argv = argv, .envp = environ, .terminal = -1};
}

__attribute__((unused)) static struct lc_child spawn(const struct lc_spawn *spec)
{
    struct lc_child child = {.pidfd = -1, .exec_fd = -1};

    CHECK_INT(lc_child_spawn(&child, spec), 0);
    return child;
}

__attribute__((unused)) static int exec_result(struct lc_child *child, struct lc_exec_error *ret)
{
    CHECK(wait_readable(child->exec_fd));
    return lc_child_exec_result(child, ret);
}

/* Starts `spec` and waits until its program runs. */
__attribute__((unused)) static struct lc_child start(const struct lc_spawn *spec)
{
    struct lc_child child = spawn(spec);
    struct lc_exec_error error;

    CHECK_INT(exec_result(&child, &error), 1);
    CHECK_INT(child.exec_fd, -1);
    return child;
}

#endif
