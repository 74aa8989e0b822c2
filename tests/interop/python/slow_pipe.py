"""Carries one plain local port to another, with little room, and stalls once: a subscriber that stops reading.

Usage: slow_pipe.py LISTEN_PORT HOST PORT STALL_AFTER STALL_FOR

STALL_AFTER seconds after the first bytes from HOST it reads nothing for STALL_FOR seconds. The receive buffer
towards HOST is the smallest that the kernel gives, so that HOST feels the stall at once and not after megabytes.
Prints {"listening": PORT}, {"stalled": true} and {"resumed": true}.
"""
import json
import socket
import sys
import threading
import time

listen_port, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
stall_after, stall_for = float(sys.argv[4]), float(sys.argv[5])


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        target.close()


def serve(plain):
    upstream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Before connecting, so that no larger window is ever offered; and the kernel measures the buffer on the other
    # side in segments, which are 64 KB on the loopback interface unless they are asked to be small.
    upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    upstream.connect((host, port))
    threading.Thread(target=pump, args=(plain, upstream), daemon=True).start()
    begun, stalled = None, False
    try:
        while data := upstream.recv(4096):
            plain.sendall(data)
            begun = begun or time.monotonic()
            if not stalled and time.monotonic() - begun >= stall_after:
                stalled = True
                print(json.dumps({"stalled": True}), flush=True)
                time.sleep(stall_for)
                print(json.dumps({"resumed": True}), flush=True)
    except OSError:
        pass
    finally:
        plain.close()
        upstream.close()


listener = socket.create_server(("127.0.0.1", listen_port))
print(json.dumps({"listening": listener.getsockname()[1]}), flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
