// SPDX-License-Identifier: Apache-2.0
"use strict";

// A Node server that handles no signal. argv: the port. `/Nms` is answered after N milliseconds.
// X-Pod says who answers.

const crypto = require("crypto");
const http = require("http");
const os = require("os");

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3

function hello(response) {
    response.end("hello\n");
}

function stream(response, pieces) {
    if (pieces === 0) {
        response.end();
        return;
    }
    response.write("piece\n");
    setTimeout(stream, 300, response, pieces - 1);
}

function upload(request, response) {
    let size = 0;
    request.on("data", (data) => { size += data.length; });
    request.on("end", () => response.end(`${size}\n`));
}

const server = http.createServer((request, response) => {
    response.setHeader("X-Pod", os.hostname());
    const after = /^\/(\d{1,6})ms$/.exec(request.url);

    if (after) {
        setTimeout(hello, Number(after[1]), response);
        return;
    }
    switch (request.url) {
    case "/slow": setTimeout(hello, 1000, response); break;
    case "/soon": setTimeout(hello, 300, response); break;
    case "/stream": stream(response, 5); break;
    case "/events": stream(response, Infinity); break;
    case "/upload": upload(request, response); break;
    default: hello(response);
    }
});

server.on("upgrade", (request, socket) => {
    const accept = crypto.createHash("sha1")
        .update(request.headers["sec-websocket-key"] + MAGIC).digest("base64");
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
        `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    setInterval(() => socket.write(Buffer.from([0x81, 1, 0x78])), 300); // the text "x"
});

// As behind any balancer: longer than it keeps connections, which else close under its requests.
server.keepAliveTimeout = 60000;
server.listen(Number(process.argv[2]), () => console.log("up"));
