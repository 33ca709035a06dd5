/* SPDX-License-Identifier: Apache-2.0 */

/* In a static binary: the calls of netdb.h that libevent names, without the resolver behind them.
 * lastcall resolves no names, since that blocks; but glibc's own would come along all the same, with
 * its /etc/nsswitch.conf and dlopen(3): a tenth of the image, in which no such library is. */

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    (void)node, (void)service, (void)hints, (void)ret;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *info)
{
    (void)info;
}

const char *gai_strerror(int code)
{
    (void)code;
    return "names are not resolved";
}

struct servent *getservbyname(const char *name, const char *proto)
{
    (void)name, (void)proto;
    return NULL;
}

struct protoent *getprotobynumber(int proto)
{
    (void)proto;
    return NULL;
}

/* The one that is called: evhttp wants the peer's address as text, and ends the program where it
 * gets an error (http.c, name_from_addr()). So there is always a text. */
int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
                char *service, socklen_t service_size, int flags)
{
    const void *ip = NULL;
    in_port_t port = 0;

    (void)length, (void)flags;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        ip = &in->sin_addr, port = in->sin_port;
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)address;
        ip = &in6->sin6_addr, port = in6->sin6_port;
    }
    if (!ip || !inet_ntop(address->sa_family, ip, host, host_size))
        snprintf(host, host_size, "local");
    snprintf(service, service_size, "%u", ntohs(port));
    return 0;
}
