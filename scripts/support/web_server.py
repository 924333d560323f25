"""The web server of the demo: Python's own, on loopback, which also takes uploads: port directory."""

import functools
import http.server
import shutil
import sys


class Site(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        remaining = int(self.headers["Content-Length"])
        with open(self.translate_path(self.path), "wb") as file:
            while remaining > 0 and (piece := self.rfile.read(min(remaining, 1 << 20))):
                file.write(piece)
                remaining -= len(piece)
        self.send_response(201 if remaining == 0 else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def copyfile(self, source, outputfile):
        shutil.copyfileobj(source, outputfile, 1 << 20)


def main():
    port, directory = sys.argv[1:]
    handler = functools.partial(Site, directory=directory)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), handler).serve_forever()


main()
