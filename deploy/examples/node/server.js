// SPDX-License-Identifier: Apache-2.0
// No shutdown code at all: SIGTERM ends it, and lastcall sends that when nothing is in flight.
const http = require("node:http");

http.createServer((request, response) => {
  const wait = request.url === "/slow" ? 2000 : 0;
  setTimeout(() => response.end("hello\n"), wait);
}).listen(8080);
