/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/attempt.h"

#include "base/cleanup.h"
#include "base/duration.h"
#include "drive/loop.h"
#include "drive/process.h"
#include "drive/tls_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { READS_AT_THE_END = 16 };

static void on_timer(evutil_socket_t fd, short what, void *userdata);

int lc_attempt_init(struct lc_attempt *self, const struct lc_attempt_world *world,
                    lc_attempt_done *done, void *userdata)
{
    *self = (struct lc_attempt){
        .world = world,
        .done = done,
        .userdata = userdata,
        .timer = evtimer_new(world->base, on_timer, self),
        .child = {.pidfd = -1, .exec_fd = -1},
        .output = -1,
    };
    return self->timer ? 0 : -ENOMEM;
}

static void close_output(struct lc_attempt *self)
{
    if (self->output_event)
        event_free(self->output_event);
    lc_cleanup_fd(&self->output);
    self->output_event = NULL;
    self->output = -1;
}

static void forget_child(struct lc_attempt *self)
{
    lc_child_deinit(&self->child);
    self->child = (struct lc_child){.pidfd = -1, .exec_fd = -1};
}

/* Its end is still to come: it is told apart from an orphan then. */
static void kill_child(struct lc_attempt *self)
{
    if (self->child.pid > 0)
        lc_child_signal(&self->child, SIGKILL, true);
}

static void clear(struct lc_attempt *self)
{
    event_del(self->timer);
    lc_dial_free(self->dial);
    lc_http_get_free(self->get);
    close_output(self);
    self->dial = NULL;
    self->get = NULL;
    self->probe = NULL;
}

void lc_attempt_cancel(struct lc_attempt *self)
{
    if (!self->probe)
        return;
    kill_child(self);
    clear(self);
}

void lc_attempt_deinit(struct lc_attempt *self)
{
    if (!self->timer)
        return;
    lc_attempt_cancel(self);
    forget_child(self);
    event_free(self->timer);
    self->timer = NULL;
}

/* Reads what there is, keeps the beginning. False: nobody writes any more. */
static bool read_output(struct lc_attempt *self)
{
    char data[4096];
    ssize_t length = read(self->output, data, sizeof(data));
    size_t room = sizeof(self->text) - 1 - self->length;

    if (length <= 0)
        return length < 0 && (errno == EAGAIN || errno == EINTR);
    room = (size_t)length < room ? (size_t)length : room;
    for (size_t i = 0; i < room; i++)
        self->text[self->length++] = (unsigned char)data[i] > ' ' ? data[i] : ' ';
    self->text[self->length] = '\0';
    return true;
}

/* The last of it may have come together with its end. */
static const char *last_output(struct lc_attempt *self)
{
    for (unsigned i = 0; i < READS_AT_THE_END && self->output >= 0; i++)
        if (!read_output(self))
            break;
    while (self->length && self->text[self->length - 1] == ' ')
        self->text[--self->length] = '\0';
    return self->text;
}

static void on_output(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_attempt *self = userdata;

    (void)fd;
    (void)what;
    if (!read_output(self))
        close_output(self);
}

__attribute__((format(printf, 3, 4))) static void finish(struct lc_attempt *self,
                                                         enum lc_check_result result,
                                                         const char *format, ...)
{
    char why[LC_ATTEMPT_WHY_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    kill_child(self);
    clear(self);
    self->done(self->userdata, result, why);
}

/* Where exec failed nothing of the application has been asked. */
static bool exec_failed(struct lc_attempt *self, struct lc_exec_error *ret)
{
    return self->child.exec_fd >= 0 && lc_child_exec_result(&self->child, ret) < 0;
}

static void finish_unasked(struct lc_attempt *self, const struct lc_exec_error *error)
{
    bool is_exec = self->probe->action == LC_PROBE_EXEC;

    finish(self, LC_CHECK_UNKNOWN, "%s: %s: %s",
           is_exec ? self->probe->command[0] : self->world->tls_helper, error->operation,
           strerrordesc_np(error->error));
}

static void on_timer(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_attempt *self = userdata;
    char time[LC_DURATION_TEXT_MAX];

    (void)fd;
    (void)what;
    lc_duration_format(self->probe->timeout, time);
    if (self->error < 0)
        finish(self, LC_CHECK_UNKNOWN, "%s", strerrordesc_np(-self->error));
    /* The kubelet throws such a result away (DoHTTPProbe() in pkg/probe/http/http.go). */
    else if (self->get && lc_http_get_status(self->get))
        finish(self, LC_CHECK_UNKNOWN, "status %d, but its body has not ended within %s",
               lc_http_get_status(self->get), time);
    else
        finish(self, LC_CHECK_FAILED, "nothing within %s", time);
}

static enum lc_check_result result_of(int error)
{
    return lc_dial_is_ours(error) ? LC_CHECK_UNKNOWN : LC_CHECK_FAILED;
}

static void on_get(void *userdata, int status)
{
    struct lc_attempt *self = userdata;
    const char *text = last_output(self);
    struct lc_exec_error error = {0};

    if (status < 0 && exec_failed(self, &error))
        finish_unasked(self, &error);
    else if (status < 0 && lc_http_get_status(self->get))
        finish(self, LC_CHECK_UNKNOWN, "status %d, but its body: %s", lc_http_get_status(self->get),
               status == -ENODATA ? "cut short" : strerrordesc_np(-status));
    else if (status == -ELOOP)
        finish(self, LC_CHECK_FAILED, "stopped after %d redirects", LC_GET_REQUESTS_MAX);
    else if (status < 0 && strstr(text, LC_TLS_HELPER_UNSPOKEN))
        finish(self, LC_CHECK_UNKNOWN, "%s", text);
    else if (status < 0)
        finish(self, result_of(status), "%s", *text ? text : strerrordesc_np(-status));
    else if (status < 200 || status >= 400)
        finish(self, LC_CHECK_FAILED, "status %d", status);
    else if (status >= 300)
        finish(self, LC_CHECK_PASSED, "status %d: a redirect that is not followed", status);
    else
        finish(self, LC_CHECK_PASSED, "%s", "");
}

static void on_dialed(void *userdata, int fd, const char *host)
{
    struct lc_attempt *self = userdata;

    (void)host;
    if (fd >= 0)
        close(fd);
    if (fd >= 0)
        finish(self, LC_CHECK_PASSED, "%s", "");
    else
        finish(self, result_of(fd), "%s", strerrordesc_np(-fd));
}

static void on_own(void *userdata, const struct sockaddr *local, bool made)
{
    struct lc_attempt *self = userdata;

    if (self->world->own)
        self->world->own(self->world->userdata, local, made);
}

/* Starts `argv` with what it writes as our output, and the three descriptors (-1: see there). */
static int spawn(struct lc_attempt *self, char *const *argv, int in, int out)
{
    struct lc_spawn spawn = self->world->spawn;
    int ends[2], stdio[3], r;

    forget_child(self);
    close_output(self);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;

    LC_CLEANUP_FD int writer = ends[1];

    /* Ours alone does not block: the other end's flags are the program's business. */
    self->output = ends[0];
    self->output_event =
        event_new(self->world->base, self->output, EV_READ | EV_PERSIST, on_output, self);
    if (!self->output_event || fcntl(self->output, F_SETFL, O_NONBLOCK) < 0 ||
        event_add(self->output_event, NULL) < 0)
        return -ENOMEM;
    stdio[0] = in;
    stdio[1] = out < 0 ? writer : out;
    stdio[2] = writer;
    spawn.argv = argv;
    spawn.stdio = stdio;
    r = lc_child_spawn(&self->child, &spawn);
    if (r < 0)
        self->child = (struct lc_child){.pidfd = -1, .exec_fd = -1};
    return r;
}

/* Its standard input is nobody's, as in a container: the application's is not to be read away from it.
 * Opened each time: held open it would cost a descriptor for ever, and each container has it (the
 * OCI's runtime specification, config-linux.md). Without it the check could not be made. */
static int start_exec(struct lc_attempt *self)
{
    LC_CLEANUP_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    return null < 0 ? -errno : spawn(self, self->probe->command, null, -1);
}

static int start_tls(void *userdata, int fd)
{
    struct lc_attempt *self = userdata;
    char *helper = (char *)(uintptr_t)self->world->tls_helper; /* execve(2) writes nothing */
    char *const argv[] = {helper, (char[]){"tls"}, NULL};
    LC_CLEANUP_FD int socket = fd;
    int ends[2], r;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;

    LC_CLEANUP_FD int ours = ends[0];
    LC_CLEANUP_FD int theirs = ends[1];

    /* Theirs may block: that is what it is a process of its own for. */
    if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0 || fcntl(socket, F_SETFL, 0) < 0)
        return -errno;
    kill_child(self); /* of the request that was redirected */
    r = spawn(self, argv, socket, theirs);
    return r < 0 ? r : lc_steal_fd(&ours);
}

static int start_get(struct lc_attempt *self)
{
    const struct lc_probe *probe = self->probe;
    const struct lc_http_get_options options = {
        .base = self->world->base,
        .host = probe->host,
        .port = probe->port,
        .path = probe->path,
        .scheme = probe->scheme,
        .headers = probe->headers,
        .header_count = probe->header_count,
        .own = on_own,
        .tls = start_tls,
        .done = on_get,
        .userdata = self,
    };

    return lc_http_get_new(&self->get, &options);
}

static int start(struct lc_attempt *self)
{
    const struct lc_probe *probe = self->probe;

    switch (probe->action) {
    case LC_PROBE_EXEC:
        return start_exec(self);
    case LC_PROBE_HTTP_GET:
        return start_get(self);
    case LC_PROBE_TCP_SOCKET:
        return lc_dial_new(&self->dial, self->world->base, probe->host, probe->port, on_own, self,
                           on_dialed, self);
    case LC_PROBE_ACTION_COUNT:
        break;
    }
    return -EINVAL;
}

static void start_or_fail(struct lc_attempt *self)
{
    self->error = start(self);
    if (self->error == 0)
        return;
    close_output(self);
    lc_loop_set_timer(self->timer, 0);
}

void lc_attempt_start(struct lc_attempt *self, const struct lc_probe *probe)
{
    self->probe = probe;
    self->length = 0;
    self->text[0] = '\0';
    self->error = 0;
    lc_loop_set_timer(self->timer, probe->timeout * UINT64_C(1000));
    /* One that has been killed, and cannot die yet, is not joined by a second. */
    self->stuck = probe->action == LC_PROBE_EXEC && self->child.pid > 0;
    if (!self->stuck)
        start_or_fail(self);
}

static void on_exit_code(struct lc_attempt *self, int code)
{
    const char *text = last_output(self);

    if (code == 0)
        finish(self, LC_CHECK_PASSED, "%s", "");
    else
        finish(self, LC_CHECK_FAILED, "exit code %d%s%s", code, *text ? ": " : "", text);
}

bool lc_attempt_reaped(struct lc_attempt *self, const struct lc_reaped *reaped)
{
    struct lc_exec_error error = {0};
    bool failed;

    if (self->child.pid == 0 || self->child.pid != reaped->pid)
        return false;
    /* What it left in its group was started for this check, and serves nobody after it. PIDs are
     * given out in a ring: this one is not somebody else's within the moment since it was reaped. */
    kill(-reaped->pid, SIGKILL);
    failed = exec_failed(self, &error);
    forget_child(self);
    if (!self->probe)
        return true;
    if (self->stuck) {
        self->stuck = false;
        start_or_fail(self);
    } else if (failed) {
        finish_unasked(self, &error);
    } else if (self->probe->action == LC_PROBE_EXEC) {
        on_exit_code(self, lc_exit_code_of(reaped));
    }
    return true;
}
