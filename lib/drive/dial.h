/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_DIAL_H
#define LC_DRIVE_DIAL_H

/*
 * A TCP connection to the application, made without waiting.
 *
 * Where no host is named it is "here". The kubelet asks at the pod's address; we are inside, where
 * an application may listen on loopback alone just as well. So each is tried in turn until one does
 * not refuse: 127.0.0.1, ::1, and the addresses from which the way out of here starts, which in a
 * pod are the pod's.
 *
 * Names are never resolved: getaddrinfo(3) blocks, and in a static glibc loads what the machine's
 * nsswitch.conf names.
 */

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* `fd`: connected, non-blocking, the caller's from now on; `host`: where to, as an address, valid
 * until the dial is freed. Or fd is -errno of the first try, or of one that we had not the means for.
 * Called once, never from lc_dial_new(). */
typedef void lc_dial_done(void *userdata, int fd, const char *host);

/* A connection of ours, which is no client's, has this local address: told as it is begun, and again
 * once it is `made`. */
typedef void lc_dial_own(void *userdata, const struct sockaddr *local, bool made);

struct lc_dial;

/* We lacked descriptors, memory or processes: `error` (-errno) says nothing of who was asked. */
bool lc_dial_is_ours(int error);

/* `host`: an IPv4 or IPv6 address, "localhost" (127.0.0.1), or NULL: here. `own` may be NULL. 0 or
 * -errno. */
int lc_dial_new(struct lc_dial **ret, struct event_base *base, const char *host, uint16_t port,
                lc_dial_own *own, void *own_userdata, lc_dial_done *done, void *userdata);
void lc_dial_free(struct lc_dial *self); /* NULL is allowed; gives up what is under way */

#endif
