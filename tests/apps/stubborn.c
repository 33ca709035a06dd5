/* SPDX-License-Identifier: Apache-2.0 */

/* stubborn [OPTION...]: an application that ends only when it was told to, and tells what it got.
 *
 *   --log FILE            instead of to stdout (appended to)
 *   --ignore SIG          ignored, as by signal(SIG, SIG_IGN); may be repeated
 *   --exit-after N=CODE   exits with CODE when N signals have come
 *   --exit-on SIG=CODE    exits with CODE when SIG comes; may be repeated
 *   --leave child|daemon  forks another one of it first, that stays: in its group, or a daemon in a
 *                         session of its own, an orphan. It exits with 0 at a SIGTERM
 *   --leave-stubborn      … which it does not
 *   --listen PORT         accepts TCP connections on all IPv4 addresses (in the kernel's queue)
 *   --listen-after MS     … from then on
 *
 * Every line is "MS ROLE WHAT", with MS on CLOCK_MONOTONIC, ROLE main, child or daemon, and WHAT
 * "up PID", a signal's name, "listening" or "exit CODE":
 *
 *     81224 main up 17
 *     83225 main SIGTERM
 */

#include "base/signal_name.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NEVER = -1 };

struct self {
    const char *role;
    const char *leave;
    bool leave_stubborn;
    int out;
    sigset_t waited_for;
    int exit_on[LC_SIGNAL_MAX + 1]; /* a code, or NEVER */
    long exit_after;
    int exit_after_code;
    uint16_t port;
    int64_t listen_at; /* msec, or NEVER */
    int listener;
};

static int64_t now_msec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "stubborn: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* One write a line, so that lines of several roles do not mix. */
__attribute__((format(printf, 2, 3))) static void say(const struct self *self, const char *format,
                                                      ...)
{
    char line[128];
    va_list arguments;
    int length = snprintf(line, sizeof line, "%lld %s ", (long long)now_msec(), self->role);

    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    if (write(self->out, line, (size_t)length) != length)
        fail("write");
}

static int parse_signal(const char *text)
{
    int number = lc_signal_parse(text);

    if (number < 0) {
        errno = EINVAL;
        fail(text);
    }
    return number;
}

/* "WHAT=CODE": returns CODE, and cuts `text` off before the "=". */
static int parse_code(char *text)
{
    char *code = strchr(text, '=');

    if (!code) {
        errno = EINVAL;
        fail(text);
    }
    *code++ = '\0';
    return atoi(code);
}

static void ignore(struct self *self, int number)
{
    if (signal(number, SIG_IGN) == SIG_ERR)
        fail("signal");
    sigdelset(&self->waited_for, number);
}

static void take_option(struct self *self, int option)
{
    int code;

    switch (option) {
    case 'f':
        self->out = open(optarg, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (self->out < 0)
            fail(optarg);
        break;
    case 'i':
        ignore(self, parse_signal(optarg));
        break;
    case 'n':
        self->exit_after_code = parse_code(optarg);
        self->exit_after = atol(optarg);
        break;
    case 'o':
        code = parse_code(optarg);
        self->exit_on[parse_signal(optarg)] = code;
        break;
    case 'l':
        self->leave = optarg;
        break;
    case 's':
        self->leave_stubborn = true;
        break;
    case 'p':
        self->port = (uint16_t)atoi(optarg);
        if (self->listen_at == NEVER)
            self->listen_at = now_msec();
        break;
    case 'a':
        self->listen_at = now_msec() + atol(optarg);
        break;
    default:
        exit(EXIT_FAILURE);
    }
}

/* But those that stop a process, so that Ctrl-Z works on it, and SIGCHLD, which nobody sent. */
static void wait_for_all(sigset_t *ret)
{
    static const int without[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD};

    sigfillset(ret);
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
        sigdelset(ret, without[i]);
}

static void parse_options(struct self *self, int argc, char **argv)
{
    static const struct option table[] = {
        {"log", required_argument, NULL, 'f'},
        {"ignore", required_argument, NULL, 'i'},
        {"exit-after", required_argument, NULL, 'n'},
        {"exit-on", required_argument, NULL, 'o'},
        {"leave", required_argument, NULL, 'l'},
        {"leave-stubborn", no_argument, NULL, 's'},
        {"listen", required_argument, NULL, 'p'},
        {"listen-after", required_argument, NULL, 'a'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *self = (struct self){
        .role = "main",
        .out = STDOUT_FILENO,
        .listen_at = NEVER,
        .exit_after = NEVER,
        .listener = -1,
    };
    for (int i = 0; i <= LC_SIGNAL_MAX; i++)
        self->exit_on[i] = NEVER;
    wait_for_all(&self->waited_for);
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
        take_option(self, option);
}

static void become_left_behind(struct self *self)
{
    self->role = self->leave;
    self->exit_after = NEVER;
    self->listen_at = NEVER;
    for (int i = 0; i <= LC_SIGNAL_MAX; i++)
        self->exit_on[i] = NEVER;
    if (!self->leave_stubborn)
        self->exit_on[SIGTERM] = EXIT_SUCCESS;
}

/* Returns in both, or in all three for a daemon but the one in the middle. */
static void leave_behind(struct self *self)
{
    bool daemon = strcmp(self->leave, "daemon") == 0;
    pid_t pid = fork();

    if (pid < 0)
        fail("fork");
    if (pid > 0) {
        if (daemon)
            waitpid(pid, NULL, 0);
        return;
    }
    if (daemon) {
        setsid();
        if (fork() != 0)
            _exit(EXIT_SUCCESS);
    }
    become_left_behind(self);
}

static void start_listening(struct self *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(self->port)};

    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (self->listener < 0 ||
        setsockopt(self->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0 ||
        bind(self->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(self->listener, 128) < 0)
        fail("listen");
    self->listen_at = NEVER;
    say(self, "listening");
}

/* The next signal, or 0 when it is time to listen. */
static int wait_for_signal(const struct self *self)
{
    int64_t left = self->listen_at == NEVER ? INT32_MAX : self->listen_at - now_msec();
    struct timespec timeout = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
    int number;

    if (left <= 0)
        return 0;
    do
        number = sigtimedwait(&self->waited_for, NULL, &timeout);
    while (number < 0 && errno == EINTR); /* it was stopped and continued */
    return number < 0 ? 0 : number;
}

static int exit_code_at(const struct self *self, int number, long count)
{
    if (self->exit_on[number] != NEVER)
        return self->exit_on[number];
    return count == self->exit_after ? self->exit_after_code : NEVER;
}

int main(int argc, char **argv)
{
    struct self self;
    int code = NEVER;

    parse_options(&self, argc, argv);
    sigprocmask(SIG_BLOCK, &self.waited_for, NULL);
    if (self.leave)
        leave_behind(&self);
    say(&self, "up %d", getpid());
    for (long count = 0; code == NEVER;) {
        char name[LC_SIGNAL_NAME_MAX];
        int number = wait_for_signal(&self);

        if (number == 0) {
            if (self.listen_at != NEVER)
                start_listening(&self);
            continue;
        }
        say(&self, "%s", lc_signal_format(number, name));
        code = exit_code_at(&self, number, ++count);
    }
    say(&self, "exit %d", code);
    return code;
}
