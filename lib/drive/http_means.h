/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_HTTP_MEANS_H
#define LC_DRIVE_HTTP_MEANS_H

/* What drive/http.c and http_accept.c have to go round with. */

#include <stdbool.h>
#include <stddef.h>

/* evhttp (2.1.12) dies where memory runs out half way through a new connection: it frees what is not
 * there yet. So that much is asked for before; freed, it is there to be had again. */
bool lc_http_has_memory(size_t bytes);

/* How many connections, `most` of them where there is no lack of descriptors: those are for the
 * supervisor first, and clients get half of them at most. */
unsigned lc_http_connections_limit(unsigned most);

#endif
