/* SPDX-License-Identifier: ISC */

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/**
 * Fetches a page in one of the ways in which Java knows proxies, and prints it.
 * Ends with 1 and what the program saw when there is no page.
 *
 * <pre>
 *   fetch WAY URL
 *
 *   system   what properties of the virtual machine say
 *   socks    a proxy of SOCKS
 *   http     a proxy of HTTP
 *   tunnel   a socket by CONNECT
 *   client   java.net.http, with a proxy of HTTP
 * </pre>
 *
 * The property "proxy" holds the proxy's HOST:PORT.
 */
final class fetch {
    private static final int PATIENCE_MS = 15_000;

    private fetch() {}

    private static InetSocketAddress address() {
        URI proxy = URI.create("proxy://" + System.getProperty("proxy"));
        return new InetSocketAddress(proxy.getHost(), proxy.getPort());
    }

    private static String connection(HttpURLConnection connection)
            throws IOException {
        connection.setConnectTimeout(PATIENCE_MS);
        connection.setReadTimeout(PATIENCE_MS);
        int status = connection.getResponseCode();
        InputStream answer = status == HttpURLConnection.HTTP_OK
                ? connection.getInputStream() : connection.getErrorStream();
        return said(status, new String(answer.readAllBytes()));
    }

    private static String byUrl(URL url, Proxy.Type type) throws IOException {
        return connection((HttpURLConnection)
                url.openConnection(new Proxy(type, address())));
    }

    private static String bySocket(URL url) throws IOException {
        try (Socket socket = new Socket(new Proxy(Proxy.Type.HTTP, address()))) {
            socket.setSoTimeout(PATIENCE_MS);
            socket.connect(InetSocketAddress.createUnresolved(
                    url.getHost(), url.getPort()), PATIENCE_MS);
            socket.getOutputStream().write(("GET " + url.getPath()
                    + " HTTP/1.1\r\nHost: " + url.getAuthority()
                    + "\r\nConnection: close\r\n\r\n").getBytes());
            return new String(socket.getInputStream().readAllBytes());
        }
    }

    private static String byClient(URL url) throws Exception {
        HttpResponse<String> answer = HttpClient.newBuilder()
                .proxy(ProxySelector.of(address())).build()
                .send(HttpRequest.newBuilder(url.toURI()).build(),
                        HttpResponse.BodyHandlers.ofString());
        return said(answer.statusCode(), answer.body());
    }

    private static String said(int status, String body) throws IOException {
        if (status != HttpURLConnection.HTTP_OK) {
            throw new IOException(status + ": " + body);
        }
        return body;
    }

    public static void main(String[] args) {
        try {
            URL url = new URL(args[1]);
            System.out.println(switch (args[0]) {
                case "system" -> connection(
                        (HttpURLConnection) url.openConnection());
                case "socks" -> byUrl(url, Proxy.Type.SOCKS);
                case "http" -> byUrl(url, Proxy.Type.HTTP);
                case "tunnel" -> bySocket(url);
                case "client" -> byClient(url);
                default -> throw new IllegalArgumentException(args[0]);
            });
        } catch (Exception error) {
            System.out.println(error);
            System.exit(1);
        }
    }
}
