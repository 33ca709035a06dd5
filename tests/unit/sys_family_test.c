/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/family.h"

#include "base/cleanup.h"
#include "sys/process.h"
#include "sys_fixture.h"
#include "tap.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has(pid_t pid)
{
    LC_CLEANUP_FREE pid_t *pids = NULL;
    ssize_t count = lc_family_list(&pids);

    CHECK(count >= 0);
    for (ssize_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* A child that forks `depth` times more, and writes the last one's PID into the pipe; all of them
 * wait to be killed. */
static pid_t start_chain(unsigned depth, int write_fd)
{
    pid_t pid = fork();

    if (pid == 0) {
        pid_t own = getpid();

        if (depth > 0)
            start_chain(depth - 1, write_fd);
        else if (write(write_fd, &own, sizeof(own)) != sizeof(own))
            _exit(1);
        for (;;)
            pause();
    }
    return pid;
}

/* All that a chain has left. */
static void end_family(void)
{
    LC_CLEANUP_FREE pid_t *pids = NULL;
    ssize_t count = lc_family_list(&pids);

    for (ssize_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

static void descendants_of_any_depth_are_listed_and_we_are_not(void)
{
    int ends[2];
    pid_t child, last = 0;

    CHECK_INT(pipe(ends), 0);
    child = start_chain(4, ends[1]);
    CHECK_INT(read(ends[0], &last, sizeof(last)), sizeof(last));
    CHECK(has(child));
    CHECK(has(last));
    CHECK(!has(getpid()));
    CHECK(!has(getppid()));
    end_family();
}

static void an_orphan_that_we_adopted_is_listed_too(void)
{
    int ends[2];
    pid_t child, last = 0;

    CHECK_INT(lc_subreaper(), 0);
    CHECK_INT(pipe(ends), 0);
    child = start_chain(1, ends[1]);
    CHECK_INT(read(ends[0], &last, sizeof(last)), sizeof(last));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    WAIT_UNTIL(has(last));
    end_family();
    CHECK(!has(last));
}

static void a_bystander_is_not(void)
{
    int ends[2];
    pid_t bystander, sibling, last = 0;
    int status = 1;

    CHECK_INT(pipe(ends), 0);
    bystander = start_chain(0, ends[1]);
    CHECK_INT(read(ends[0], &last, sizeof(last)), sizeof(last));
    sibling = fork();
    if (sibling == 0)
        _exit(has(bystander));
    waitpid(sibling, &status, 0);
    CHECK_INT(status, 0);
    end_family();
}

int main(void)
{
    TEST_ALONE(descendants_of_any_depth_are_listed_and_we_are_not);
    TEST_ALONE(an_orphan_that_we_adopted_is_listed_too);
    TEST_ALONE(a_bystander_is_not);
    return tap_done();
}
