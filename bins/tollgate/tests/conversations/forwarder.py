"""Stands before a vendor and writes down what arrives there, one JSON document a line.

    python3 forwarder.py PORT VENDOR_URL LOG_FILE
"""
import http.client
import http.server
import json
import sys
import urllib.parse

VENDOR, LOG = urllib.parse.urlparse(sys.argv[2]), sys.argv[3]


class Forwarder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        connection = http.client.HTTPConnection(VENDOR.hostname, VENDOR.port, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request("POST", self.path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        with open(LOG, "a", encoding="utf-8") as log:
            log.write(json.dumps({"status": response.status, "asked": json.loads(body), "said": answer.decode()}) + "\n")
        self.send_response(response.status)
        self.send_header("content-type", response.getheader("content-type"))
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Forwarder).serve_forever()
