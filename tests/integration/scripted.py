# SPDX-License-Identifier: Apache-2.0
"""An application that answers as it is told, check by check.

    SCRIPT is words: the first request, or connection, gets the first one, and so on; the last word
    goes for all that follow.

        200             that status           302>/x     the same with a Location
        chunked         200, body in chunks, and the connection stays open
        hints           103, then 200
        huge            200 and a body without end
        stalled         200 and half of its body
        cut             200, half of its body, and the connection's end
        cut-chunks      the same in chunks, of which the last one is missing
        trailers        200, body in chunks, with an extension and header fields behind the last one
        plain           200 and a body that ends with the connection
        slow            a byte of the status line every 50 ms
        hang            nothing           close      the connection's end, without an answer
        reset           the same with a reset                garbage    no HTTP
        headers         200 and headers without end
        cookies         200 and 40 KiB of headers

It says `asked PATH N` for each request, N being its number, and `up` when it listens.
"""

from lastcall import python

SCRIPTED = """
import os, signal, socket, ssl, struct, sys, threading, time
host, port, script = sys.argv[1], int(sys.argv[2]), sys.argv[3].split()
delay, certificate = float(sys.argv[4]), sys.argv[5]
asked, lock = 0, threading.Lock()
kept = []

def head(status, *headers):
    return ("\\r\\n".join([f"HTTP/1.1 {status} X", *headers, "", ""])).encode()

def forever(client, data, pause=0):
    try:
        while True:
            client.sendall(data)
            time.sleep(pause)
    except OSError:
        pass

def answer(client, word):
    status, _, location = word.partition(">")
    if word == "hang":
        kept.append(client)
        return False
    if word == "garbage":
        client.sendall(b"SSH-2.0-OpenSSH\\r\\n")
    elif word == "slow":
        for byte in b"HTTP/1.1 200 OK\\r\\n" * 100:
            client.sendall(bytes([byte]))
            time.sleep(0.05)
    elif word == "huge":
        client.sendall(head(200))
        forever(client, b"x" * 65536)
    elif word == "headers":
        client.sendall(b"HTTP/1.1 200 X\\r\\n")
        forever(client, (b"X-Y: " + b"z" * 1000 + b"\\r\\n") * 64)
    elif word == "cookies":
        client.sendall(head(200, *["Set-Cookie: " + 1000 * "a"] * 40, "Content-Length: 2") + b"ok")
    elif word == "stalled":
        client.sendall(head(200, "Content-Length: 10") + b"half ")
        kept.append(client)
        return False
    elif word == "cut":
        client.sendall(head(200, "Content-Length: 10") + b"half ")
    elif word == "cut-chunks":
        client.sendall(head(200, "Transfer-Encoding: chunked") + b"2\\r\\nok\\r\\n")
    elif word == "trailers":
        client.sendall(head(200, "Transfer-Encoding: chunked") +
                       b"2;x=y\\r\\nok\\r\\n0\\r\\nX-Y: z\\r\\n\\r\\n")
        kept.append(client)
        return False
    elif word == "plain":
        client.sendall(head(200) + b"ok")
    elif word == "chunked":
        client.sendall(head(200, "Transfer-Encoding: chunked") + b"2\\r\\nok\\r\\n0\\r\\n\\r\\n")
        kept.append(client)
        return False
    elif word == "hints":
        client.sendall(head(103, "Link: </x>") + head(200, "Content-Length: 2") + b"ok")
    elif word == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif word != "close":
        more = [f"Location: {location}"] if location else []
        client.sendall(head(status, "Content-Length: 2", "Connection: close", *more) + b"ok")
    return True

def serve(client):
    global asked
    try:
        if certificate:
            client = context.wrap_socket(client, server_side=True)
        request = client.recv(65536).decode("latin-1")
        if not request:
            return
        with lock:
            word = script[min(asked, len(script) - 1)]
            asked += 1
            number = asked
        print("asked", [*request.split(), "?", "?"][1], number, request.replace("\\r\\n", "|"))
        if answer(client, word):
            client.close()
    except OSError:
        pass

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
time.sleep(delay)
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
server = socket.create_server((host, port),
                              family=socket.AF_INET6 if ":" in host else socket.AF_INET)
print("up")
while True:
    client, _ = server.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
"""


def scripted(script, *, host="0.0.0.0", port=8080, delay=0, certificate=""):
    return python(SCRIPTED, host, port, script, delay, certificate)
