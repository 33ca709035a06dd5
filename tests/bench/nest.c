/* SPDX-License-Identifier: Apache-2.0 */
#include "nest.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void nest_fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* One page for all starts: shared with each child until its exec. */
static volatile uint64_t *exec_page(void)
{
    static volatile uint64_t *page;

    if (!page)
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        nest_fail("mmap");
    *page = 0;
    return page;
}

_Noreturn static void be_init(char **argv, volatile uint64_t *exec_ns)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        nest_fail("namespace");
    *exec_ns = nest_now_ns();
    execv(argv[0], argv);
    nest_fail(argv[0]);
}

void nest_start(struct nest *self, char **argv)
{
    volatile uint64_t *exec_ns = exec_page();
    int in[2], out[2], err[2];

    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
        nest_fail("pipe");
    self->pid =
        (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);
    if (self->pid < 0)
        nest_fail("clone");
    if (self->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        be_init(argv, exec_ns);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    self->in = in[1];
    self->out = out[0];
    self->err = err[0];
    self->exec_ns = exec_ns;
}

static void show_log(const struct nest *self)
{
    char text[4096];
    ssize_t n = read(self->err, text, sizeof text);

    if (n > 0)
        fwrite(text, 1, (size_t)n, stderr);
}

uint64_t nest_read_stamp(const struct nest *self)
{
    uint64_t stamp;

    if (read(self->out, &stamp, sizeof stamp) == sizeof stamp)
        return stamp;
    show_log(self);
    nest_fail("the application has not started");
}

uint64_t nest_end(struct nest *self)
{
    uint64_t now;
    int status;

    close(self->in);
    while (waitpid(self->pid, &status, 0) < 0)
        if (errno != EINTR)
            nest_fail("waitpid");
    now = nest_now_ns();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        show_log(self);
        fprintf(stderr, "the init has ended with status %#x\n", (unsigned)status);
        exit(EXIT_FAILURE);
    }
    close(self->out);
    close(self->err);
    return now;
}

void nest_programs_parse(struct nest_programs *ret, char **argv, char *child)
{
    int words = 0;

    *ret = (struct nest_programs){.count = 0};
    for (; *argv; argv++) {
        if (strcmp(*argv, ":::") == 0) {
            ret->count++;
            words = 0;
        }
        if (ret->count == 0 || ret->count > NEST_PROGRAMS_MAX || words + 2 > NEST_WORDS_MAX) {
            fputs("usage: … CHILD ::: INIT [ARG...] ::: INIT [ARG...] …\n", stderr);
            exit(EXIT_FAILURE);
        }
        if (strcmp(*argv, ":::") == 0)
            continue;
        ret->argv[ret->count - 1][words++] = *argv;
        ret->argv[ret->count - 1][words] = child;
    }
}
