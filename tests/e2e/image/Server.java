// SPDX-License-Identifier: Apache-2.0

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;

/** A JVM server without a shutdown hook: `/Nms` answers after N milliseconds; X-Pod says who answers. */
public class Server {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(arguments[0])), 511);
        String name = Files.readString(Path.of("/proc/sys/kernel/hostname")).trim();
        server.setExecutor(Executors.newFixedThreadPool(128));
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            if (path.matches("/[0-9]{1,6}ms")) {
                try {
                    Thread.sleep(Integer.parseInt(path.substring(1, path.length() - 2)));
                } catch (InterruptedException interrupted) {
                    throw new IllegalStateException(interrupted);
                }
            }
            byte[] body = "hello\n".getBytes();
            exchange.getResponseHeaders().set("X-Pod", name);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        System.out.println("up");
    }
}
