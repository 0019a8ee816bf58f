"""A GitHub on loopback: as much of it as datasette-auth-github asks for."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROFILE = {"id": 1, "login": "ann-on-github", "name": "Ann", "email": None}


class GitHub:
    """A context manager: the server runs within it, on `port`."""

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        """Exchange a code for an access token."""
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._answer("application/x-www-form-urlencoded", "access_token=drill")

    def do_GET(self):
        """Tell who the access token belongs to."""
        self._answer("application/json", json.dumps(PROFILE))

    def log_message(self, *_):
        """Print nothing."""

    def _answer(self, kind, text):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
