/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_SOCKET_H
#define LC_DRIVE_HTTP_SOCKET_H

/* The listening sockets of drive/http_accept.c. Descriptors are close-on-exec and non-blocking. */

#include "drive/address.h"

#include <stdbool.h>
#include <sys/types.h>

/* A socket file, told from one that somebody else has put in its place since. */
struct lc_socket_file {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "": there is none */
    dev_t device;
    ino_t inode;
};

/* Listens on `address`; *ret_file is the file that this made, if it made one. A file that nobody
 * listens on any more is replaced. The descriptor, or -errno. */
int lc_http_socket(const struct lc_address *address, struct lc_socket_file *ret_file);

/* The abstract address "lastcall-INODE", for both ends. 0 or -errno (-ENOENT without /proc). */
int lc_http_control_address(struct lc_address *ret);

/* Listens on it. The descriptor, or -errno. */
int lc_http_socket_control(void);

/* The TCP port that `fd` is bound to; 0: none. */
uint16_t lc_socket_port(int fd);

/* Removes the file if it is still ours. */
void lc_socket_file_remove(const struct lc_socket_file *self);

/* The other end of the connection `fd` has our uid or root's (SO_PEERCRED, unix(7)): *ret. */
bool lc_socket_peer_is_ours(int fd, struct ucred *ret);

#endif
