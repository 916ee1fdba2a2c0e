"""A mock made by Prism from the published Access document, behind TLS: `prism document`.

Prism checks every request's address, body and authorization against the document. It is plain HTTP, so a small proxy
with a certificate of its own stands before it, and writes down how each request was answered. Prints one line of JSON
(`port`, `certificate` as DER in hex) when it is ready, then one for each request, until its standard input ends.
"""

import http.client, http.server, json, pathlib, socket, ssl, subprocess, sys, tempfile, threading, time

PRISM, DOCUMENT = sys.argv[1:3]


def free():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    pem, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=localhost", "-keyout", key, "-out", pem], check=True, stderr=subprocess.DEVNULL)
    inner = free()
    log = open(folder / "prism.log", "w")
    prism = subprocess.Popen([PRISM, "mock", "-h", "127.0.0.1", "-p", str(inner), "--errors", DOCUMENT],
                             stdout=log, stderr=subprocess.STDOUT)
    lock = threading.Lock()

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("upgrade"):
                # The document knows no WebSocket.
                self.send_response(404)
                self.send_header("content-length", "0")
                self.end_headers()
                return
            onward = http.client.HTTPConnection("127.0.0.1", inner, timeout=20)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            onward.request(self.command, self.path, body or None, headers)
            answer = onward.getresponse()
            content = answer.read()
            with lock:
                print(json.dumps({"method": self.command, "path": self.path, "status": answer.status,
                                  "said": content.decode(errors="replace")[:400]}), flush=True)
            self.send_response(answer.status)
            self.send_header("content-type", answer.getheader("content-type") or "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = pass_on

        def log_message(self, *_):
            pass

    try:
        for _ in range(300):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", inner)) == 0:
                    break
            if prism.poll() is not None:
                sys.exit((folder / "prism.log").read_text())
            time.sleep(0.1)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        certificate = ssl.PEM_cert_to_DER_cert(pem.read_text()).hex()
        print(json.dumps({"port": server.server_address[1], "certificate": certificate}), flush=True)
        sys.stdin.read()
    finally:
        prism.terminate()
        prism.wait(10)


main()
