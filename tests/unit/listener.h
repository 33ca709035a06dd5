/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_LISTENER_H
#define LC_TESTS_UNIT_LISTENER_H

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A socket that listens on loopback, at a port that is free. */
static inline int listen_anywhere(uint16_t *ret_port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&name, length) < 0 || listen(fd, 100) < 0 ||
        getsockname(fd, (struct sockaddr *)&name, &length) < 0)
        abort();
    *ret_port = ntohs(name.sin_port);
    return fd;
}

#endif
