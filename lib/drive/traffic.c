/* SPDX-License-Identifier: Apache-2.0 */
#include "drive/traffic.h"

#include "base/cleanup.h"
#include "drive/clock.h"
#include "drive/loop.h"
#include "drive/narrate.h"
#include "sys/family.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

const struct lc_connections_count *lc_traffic_count(const struct lc_traffic *self)
{
    const struct lc_connections_count *count;

    if (!self->connections || !self->looked)
        return NULL;
    count = lc_connections_count(self->connections);
    return count->ports_known ? count : NULL;
}

static void remember_told(struct lc_traffic *self, const struct lc_connections_count *count)
{
    self->told = true;
    self->told_at = lc_clock_msec();
    self->told_in_flight = count ? count->in_flight : 0;
}

/* Once a shutdown: what there was, and how we know. */
static void tell_first(struct lc_traffic *self)
{
    const struct lc_connections_count *count = lc_traffic_count(self);
    enum lc_connections_source source = LC_CONNECTIONS_NONE;
    const char *why = "";

    remember_told(self, count);
    if (self->connections)
        source = lc_connections_source(self->connections, &why);
    else
        why = strerrordesc_np(-self->error);
    self->first = count ? (int)count->in_flight : -1;
    if (!count)
        lc_log(self->log, LC_LOG_WARN, "connections cannot be counted",
               LC_STR("source", lc_connections_source_name(source)),
               LC_STR("why", *why ? why : "no port is known: see processes[].ports"),
               LC_T(self->elapsed(self->userdata)));
    else
        lc_log(self->log, LC_LOG_INFO, "connections",
               LC_STR("source", lc_connections_source_name(source)),
               LC_STR("why", *why ? why : NULL), LC_INT("listeners", count->listeners),
               LC_INT("open", count->open), LC_INT("in_flight", count->in_flight),
               LC_T(self->elapsed(self->userdata)));
}

/* How it goes on: why a drain takes its time, and what `lastcallctl timeline` draws. */
static void tell_change(struct lc_traffic *self)
{
    const struct lc_connections_count *count = lc_traffic_count(self);

    if (!count || count->in_flight == self->told_in_flight)
        return;
    remember_told(self, count);
    lc_log(self->log, LC_LOG_INFO, "connections", LC_INT("open", count->open),
           LC_INT("in_flight", count->in_flight), LC_T(self->elapsed(self->userdata)));
}

static void tell(struct lc_traffic *self)
{
    if (self->mode == LC_TRAFFIC_REST)
        return;
    if (!self->told)
        tell_first(self);
    else if (lc_clock_msec() >= self->told_at + LC_TRAFFIC_TELL_MSEC)
        tell_change(self);
}

static void tell_lifecycle(struct lc_traffic *self)
{
    const struct lc_connections_count *count = lc_traffic_count(self);

    if (self->mode == LC_TRAFFIC_DRAIN)
        self->post(self->userdata, LC_EVENT_INFLIGHT, count ? count->in_flight : 0);
}

static void look_again_later(struct lc_traffic *self)
{
    if (self->mode != LC_TRAFFIC_REST)
        lc_loop_set_timer(self->timer, LC_TRAFFIC_LOOK_MSEC * UINT64_C(1000));
}

/* Whatever kept us from looking in the window: the lifecycle shall not take it for quiet. */
static void note_held_up(struct lc_traffic *self)
{
    lc_msec now, since;

    if (self->mode != LC_TRAFFIC_WINDOW)
        return;
    now = lc_clock_msec();
    since = now - self->woke_at;
    self->woke_at = now;
    if (since >= LC_TRAFFIC_LATE_MSEC)
        self->post(self->userdata, LC_EVENT_HELD_UP, (unsigned)(since - LC_TRAFFIC_LOOK_MSEC));
}

/* A slice of what there is to do. False: nothing goes on any more. */
static bool step(struct lc_traffic *self)
{
    int news = lc_connections_step(self->connections);

    if (news > 0 && news & LC_CONNECTIONS_LOOKED) {
        self->looked = true;
        self->looked_at = lc_clock_msec();
    }
    if (news < 0)
        self->looked = false;
    if (news > 0 && news & LC_CONNECTIONS_ARRIVED && self->mode == LC_TRAFFIC_WINDOW)
        self->post(self->userdata, LC_EVENT_ARRIVAL, 0);
    return news >= 0 && !(news & LC_CONNECTIONS_LOOKED);
}

static void on_look_over(struct lc_traffic *self)
{
    self->untold = false;
    tell(self);
    look_again_later(self);
    tell_lifecycle(self); /* may change the mode */
}

static void on_readable(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_traffic *self = userdata;

    (void)fd;
    (void)what;
    note_held_up(self);
    if (!step(self))
        on_look_over(self);
}

static int watch_descriptor(struct lc_traffic *self)
{
    self->readable = event_new(self->base, lc_connections_fd(self->connections),
                               EV_READ | EV_PERSIST, on_readable, self);
    return self->readable && event_add(self->readable, NULL) == 0 ? 0 : -ENOMEM;
}

/* Not before somebody asks: most never do, until they are stopped. */
static int open_connections(struct lc_traffic *self)
{
    const struct lc_config *config = self->config;
    const struct lc_connections_rules rules = {
        .ports = config->process->ports,
        .port_count = config->process->port_count,
        .own_ports = self->own_ports,
        .own_port_count = self->own_count,
        .ignored = config->ignore_from,
        .ignored_count = config->ignore_from_count,
        .idle_msec = (unsigned)config->drain.idle,
        .only_connections = config->arrivals == LC_ARRIVAL_CONNECTION,
    };
    int r = self->connections ? 0 : lc_connections_new(&self->connections, &rules);

    if (r < 0 || self->readable)
        return r;
    for (size_t i = 0; i < self->check_count && i < LC_TRAFFIC_CHECKS; i++)
        lc_connections_add_check(self->connections, self->checks[i].address, self->checks[i].port);
    return watch_descriptor(self);
}

/* In `sh -c` or under a prefork server it is a descendant that listens. */
static void find_ports(struct lc_traffic *self)
{
    LC_CLEANUP_FREE pid_t *pids = NULL;
    ssize_t count = lc_family_list(&pids);

    if (count > 0)
        lc_connections_find(self->connections, pids, (size_t)count);
}

static int look(struct lc_traffic *self)
{
    const struct lc_connections_count *count = lc_traffic_count(self);
    int r = open_connections(self);

    if (r < 0)
        return r;
    /* What runs beside a sidecar in its own container is not the application. */
    if (!self->config->process->ports_set && !self->config->sidecar &&
        (!count || count->listeners == 0))
        find_ports(self);
    return lc_connections_look(self->connections);
}

static void on_timer(evutil_socket_t fd, short what, void *userdata)
{
    struct lc_traffic *self = userdata;
    int r;

    (void)fd;
    (void)what;
    note_held_up(self);
    r = self->untold ? 0 : look(self);
    if (r < 0) {
        self->looked = false;
        self->error = r;
    }
    if (r < 0 || self->untold)
        on_look_over(self);
}

/* Steps as long as there is something to do and time. True: a look has ended meanwhile. */
static bool catch_up(struct lc_traffic *self)
{
    uint64_t end = lc_clock_cpu_usec() + LC_TRAFFIC_GLANCE_USEC;
    struct pollfd ready = {.fd = lc_connections_fd(self->connections), .events = POLLIN};

    while (lc_clock_cpu_usec() < end && poll(&ready, 1, 0) > 0)
        if (!step(self))
            return true;
    return false;
}

/* It may have been the timer's look that ends here, and then nothing else tells of it or begins the
 * next one; at once it cannot be told: who asks may be in the midst of a step of the lifecycle. */
static void tell_soon(struct lc_traffic *self)
{
    if (self->mode == LC_TRAFFIC_REST)
        return;
    self->untold = true;
    lc_loop_set_timer(self->timer, 0);
}

const struct lc_connections_count *lc_traffic_glance(struct lc_traffic *self)
{
    if (look(self) < 0 || !catch_up(self))
        return NULL;
    tell_soon(self);
    return lc_traffic_count(self);
}

const struct lc_connections_count *lc_traffic_recent(struct lc_traffic *self)
{
    const struct lc_connections_count *count = lc_traffic_glance(self);

    if (count || lc_clock_msec() - self->looked_at > LC_TRAFFIC_RECENT_MSEC)
        return count;
    return lc_traffic_count(self);
}

void lc_traffic_catch_up(struct lc_traffic *self)
{
    note_held_up(self);
    if (self->mode != LC_TRAFFIC_WINDOW || !self->connections)
        return;
    /* Of what lives, and came while we got no processor, a look alone can tell. */
    lc_connections_look(self->connections);
    if (catch_up(self))
        on_look_over(self);
}

void lc_traffic_own_accepted(struct lc_traffic *self)
{
    if (self->connections)
        lc_connections_add_accepted(self->connections);
}

static void note_check(struct lc_traffic *self, const struct sockaddr *local)
{
    struct lc_traffic_check *check = &self->checks[self->check_count++ % LC_TRAFFIC_CHECKS];
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)local;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)local;

    if (local->sa_family == AF_INET)
        lc_address_map(check->address, v4->sin_addr.s_addr);
    else
        memcpy(check->address, &v6->sin6_addr, LC_ADDRESS_SIZE);
    check->port = ntohs(local->sa_family == AF_INET ? v4->sin_port : v6->sin6_port);
    if (self->connections)
        lc_connections_add_check(self->connections, check->address, check->port);
}

void lc_traffic_own_check(struct lc_traffic *self, const struct sockaddr *local, bool made)
{
    if (!made)
        note_check(self, local);
    else if (self->connections) /* it is among the PassiveOpens, as our listener's are */
        lc_connections_add_accepted(self->connections);
}

static void begin_window(struct lc_traffic *self)
{
    int r = open_connections(self);

    self->woke_at = lc_clock_msec();
    if (r == 0)
        r = lc_connections_watch(self->connections);
    if (r < 0)
        lc_log(self->log, LC_LOG_WARN,
               "arrivals cannot be counted: the window lasts its least time",
               LC_STR("error", strerrordesc_np(-r)), LC_T(self->elapsed(self->userdata)));
}

void lc_traffic_set_mode(struct lc_traffic *self, enum lc_traffic_mode mode)
{
    if (mode == self->mode)
        return;
    if (self->mode == LC_TRAFFIC_WINDOW && self->connections)
        lc_connections_unwatch(self->connections);
    if (self->told)
        tell_change(self);
    self->mode = mode;
    self->untold = false;
    event_del(self->timer);
    if (mode == LC_TRAFFIC_REST) {
        /* A drain may be taken back: what comes then is another shutdown. */
        self->told = false;
        self->first = -1;
        return;
    }
    if (mode == LC_TRAFFIC_WINDOW)
        begin_window(self);
    /* Not from here: who changes the mode is in the midst of a step of the lifecycle. */
    lc_loop_set_timer(self->timer, 0);
}

int lc_traffic_init(struct lc_traffic *self, struct event_base *base, struct lc_log *log,
                    const uint16_t *own_ports, size_t own_count, lc_traffic_post *post,
                    lc_traffic_elapsed *elapsed, void *userdata)
{
    *self = (struct lc_traffic){
        .base = base,
        .log = log,
        .own_count = own_count,
        .first = -1,
        .post = post,
        .elapsed = elapsed,
        .userdata = userdata,
    };
    memcpy(self->own_ports, own_ports, own_count * sizeof(*own_ports));
    self->timer = evtimer_new(base, on_timer, self);
    return self->timer ? 0 : -ENOMEM;
}

static void close_connections(struct lc_traffic *self)
{
    if (self->readable)
        event_free(self->readable);
    lc_connections_free(self->connections);
    self->readable = NULL;
    self->connections = NULL;
    self->looked = false;
}

void lc_traffic_configure(struct lc_traffic *self, const struct lc_config *config)
{
    close_connections(self);
    self->config = config;
}

void lc_traffic_deinit(struct lc_traffic *self)
{
    close_connections(self);
    if (self->timer)
        event_free(self->timer);
    self->timer = NULL;
}

const char *lc_traffic_peers(const struct lc_traffic *self, char *buf, size_t size)
{
    const struct lc_connections_count *count = lc_traffic_count(self);
    const struct lc_connections_listed *list;
    size_t listed = 0, length = 0, shown = 0;
    char address[LC_ADDRESS_TEXT_MAX];

    buf[0] = '\0';
    if (!count)
        return buf;
    list = lc_connections_listed(self->connections, &listed);
    for (; shown < listed && length + LC_ADDRESS_TEXT_MAX + 24 < size; shown++)
        length += (size_t)snprintf(buf + length, size - length, "%s%s:%u", shown ? ", " : "",
                                   lc_address_format(list[shown].socket.peer, address),
                                   list[shown].socket.peer_port);
    if (shown < count->in_flight)
        snprintf(buf + length, size - length, " and %zu more", count->in_flight - shown);
    return buf;
}
