/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_DRIVE_TLS_HELPER_H
#define LC_DRIVE_TLS_HELPER_H

/* What `lastcallctl tls` says, among other words, where it could not come to terms with the server,
 * although another client may: an attempt knows by it that nothing was found out. An exit status
 * would say it more briefly, but comes after the connection's end, and perhaps much later. */
#define LC_TLS_HELPER_UNSPOKEN "the server speaks no TLS that lastcall does"

#endif
