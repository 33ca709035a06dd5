/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/leftovers.h"

#include "base/cleanup.h"
#include "sys/census.h"
#include "sys/pidfd.h"
#include "sys/reap.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

/* Between the census and the signal the process may have ended, and its PID be another's: the pidfd
 * holds on to whoever has it now, and the time of its start tells who that is. */
static int deliver(const struct lc_census *census, const struct lc_relative *process, int signal,
                   bool wake)
{
    pid_t pid = process->stat.pid;
    LC_CLEANUP_FD int pidfd = lc_pidfd_open(pid);
    struct lc_proc_stat now;
    int r;

    if (pidfd == -ESRCH || lc_proc_stat_read(dirfd(census->proc), pid, &now) < 0 ||
        now.start != process->stat.start)
        return -ESRCH;
    r = lc_pidfd_signal(pidfd, pid, signal);
    /* Every signal but SIGKILL waits in a stopped process until it is continued. */
    if (r == 0 && wake && now.state == 'T')
        lc_pidfd_signal(pidfd, pid, SIGCONT);
    return r;
}

static void note_example(struct lc_leftovers *ret, const struct lc_relative *process)
{
    ret->example = process->stat.pid;
    memcpy(ret->example_name, process->stat.name, sizeof ret->example_name);
}

static void tally(const struct lc_census *census, const struct lc_relative *process, int signal,
                  bool wake, struct lc_leftovers *ret)
{
    unsigned *kind;

    if (lc_proc_stat_is_dead(&process->stat)) {
        if (process->stat.parent == getpid())
            return; /* ours to reap */
        kind = &ret->zombies;
    } else {
        int r = deliver(census, process, signal, wake);

        if (r == -ESRCH)
            return;
        kind = r == 0 ? &ret->alive : &ret->refused;
    }
    if (++*kind == 1 && (kind == &ret->alive || ret->example == 0))
        note_example(ret, process);
}

/* Spares a look at /proc where nobody is left, as mostly. Every descendant has an ancestor among our
 * children; in an init's namespace there may be others, and kill(2) with -1 finds any but us. */
static bool has_candidates(bool init)
{
    return init ? kill(-1, 0) == 0 || errno != ESRCH : lc_reap_has_children();
}

int lc_leftovers_signal(int signal, struct lc_leftovers *ret)
{
    __attribute__((__cleanup__(lc_census_deinit))) struct lc_census census = {.proc = NULL};
    bool init = getpid() == 1, wake = signal != 0 && signal != SIGKILL;
    int r;

    *ret = (struct lc_leftovers){.alive = 0};
    if (!has_candidates(init))
        return 0;
    r = lc_census_take(&census, init);
    /* To all at one moment: nobody slips through by forking. Counted before, for the log. */
    if (init && signal != 0)
        kill(-1, signal);
    if (r < 0) {
        ret->alive = lc_reap_has_children();
        return init || ret->alive == 0 ? 0 : r;
    }
    for (size_t i = 0; i < census.count; i++)
        if (census.all[i].kinship == LC_KINSHIP_OURS)
            tally(&census, &census.all[i], init ? 0 : signal, wake, ret);
    if (ret->alive == 0 && ret->refused == 0 && lc_reap_has_children())
        ret->alive = 1; /* not reaped yet, or hidden from us */
    return 0;
}
