/* SPDX-License-Identifier: Apache-2.0 */

/* pidns [--net] [--no-proc] [--pid-file FILE] [--pid-fd N] [--] COMMAND [ARG...]
 *
 * Runs COMMAND as PID 1 of new user, PID and mount namespaces, with their own /proc: a container
 * without a container runtime, for root or anybody. Forwards nothing, reaps nothing; exits with
 * COMMAND's code, or 128 + the signal that killed it. COMMAND, and all that runs in there, dies
 * with it.
 *
 *   --net          a network namespace, too, with the loopback interface up
 *   --no-proc      nothing is mounted on /proc but an empty file system
 *   --pid-file FILE, --pid-fd N
 *                  the PID of COMMAND as its parent sees it, and a newline, before COMMAND starts
 *
 * Root keeps its uids and gids; anybody else is root inside, and alone. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct options {
    bool net, no_proc;
    int pid_fd;
    char **command;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "pidns: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void parse_options(struct options *ret, int argc, char **argv)
{
    static const struct option table[] = {
        {"net", no_argument, NULL, 'n'},
        {"no-proc", no_argument, NULL, 'p'},
        {"pid-file", required_argument, NULL, 'f'},
        {"pid-fd", required_argument, NULL, 'd'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *ret = (struct options){.pid_fd = -1};
    while ((option = getopt_long(argc, argv, "+", table, NULL)) != -1) {
        if (option == 'n')
            ret->net = true;
        else if (option == 'p')
            ret->no_proc = true;
        else if (option == 'f')
            ret->pid_fd = open(optarg, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        else if (option == 'd')
            ret->pid_fd = atoi(optarg);
        else
            exit(125);
        if (option == 'f' && ret->pid_fd < 0)
            fail(optarg);
    }
    if (optind == argc) {
        fputs("pidns: no command\n", stderr);
        exit(125);
    }
    ret->command = argv + optind;
}

__attribute__((format(printf, 3, 4))) static void write_proc(pid_t pid, const char *name,
                                                             const char *format, ...)
{
    char path[64], text[128];
    va_list arguments;
    int fd, length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        fail(path);
    close(fd);
}

/* How many ids from 0 on our own namespace has: one, where we run in a pidns of anybody's. */
static unsigned ids_of(const char *map)
{
    FILE *file = fopen(map, "re");
    unsigned first, outside, count;

    if (!file || fscanf(file, "%u %u %u", &first, &outside, &count) != 3 || first != 0)
        fail(map);
    fclose(file);
    return count < 65536 ? count : 65536;
}

/* Root's own ids are mapped one to one, as many as its namespace has (user_namespaces(7)). */
static void map_ids(pid_t pid)
{
    if (geteuid() == 0) {
        write_proc(pid, "uid_map", "0 0 %u", ids_of("/proc/self/uid_map"));
        write_proc(pid, "gid_map", "0 0 %u", ids_of("/proc/self/gid_map"));
        return;
    }
    write_proc(pid, "setgroups", "deny");
    write_proc(pid, "uid_map", "0 %u 1", geteuid());
    write_proc(pid, "gid_map", "0 %u 1", getegid());
}

static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        fail("lo");
    close(fd);
}

static void mount_proc(bool none)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        fail("/");
    if (mount(none ? "none" : "proc", "/proc", none ? "tmpfs" : "proc",
              MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        fail("/proc");
}

/* `go` ends where our parent does: it cannot have died before the prctl(2) unseen. */
_Noreturn static void be_init(const struct options *options, int go)
{
    char byte;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        fail("prctl");
    if (read(go, &byte, 1) != 1)
        _exit(125);
    mount_proc(options->no_proc);
    if (options->net)
        raise_loopback();
    execvp(options->command[0], options->command);
    fprintf(stderr, "pidns: %s: %s\n", options->command[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

static pid_t clone_into(int flags)
{
    return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* In a container root may be refused a user namespace, and allowed the others. */
static pid_t clone_init(const struct options *options, bool *ret_maps)
{
    int flags = CLONE_NEWPID | CLONE_NEWNS | (options->net ? CLONE_NEWNET : 0);
    pid_t pid = clone_into(flags | CLONE_NEWUSER);

    *ret_maps = pid >= 0;
    return pid >= 0 || geteuid() != 0 ? pid : clone_into(flags);
}

static int exit_code_of(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            fail("waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    struct options options;
    int go[2];
    bool maps;
    pid_t pid, parent = getppid();

    parse_options(&options, argc, argv);
    /* An inherited SIG_IGN would have the kernel reap it, and its exit code be lost; COMMAND is to
     * inherit it all the same. */
    void (*chld)(int) = signal(SIGCHLD, SIG_DFL);

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || pipe2(go, O_CLOEXEC) < 0)
        fail("prctl or pipe");
    if (getppid() != parent)
        return 125;
    pid = clone_init(&options, &maps);
    if (pid < 0)
        fail("clone");
    if (pid == 0) {
        signal(SIGCHLD, chld);
        close(go[1]);
        if (options.pid_fd > 2)
            close(options.pid_fd);
        be_init(&options, go[0]);
    }
    close(go[0]);
    if (maps)
        map_ids(pid);
    if (options.pid_fd >= 0 && dprintf(options.pid_fd, "%d\n", pid) < 0)
        fail("the PID");
    if (options.pid_fd > 2)
        close(options.pid_fd);
    if (write(go[1], "", 1) != 1)
        fail("pipe");
    return exit_code_of(pid);
}
