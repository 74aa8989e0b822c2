"""Carries one plain local port to another, with little room, and stalls: a subscriber that stops reading.

Usage: slow_pipe.py LISTEN_PORT HOST PORT

After SIGUSR1 it reads nothing from HOST, until SIGUSR2 comes. The receive buffer towards HOST is the smallest that the
kernel gives, so that HOST feels the stall at once and not after megabytes. Prints {"listening": PORT}.
"""
import json
import signal
import socket
import sys
import threading

listen_port, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
going = threading.Event()
going.set()
signal.signal(signal.SIGUSR1, lambda *_: going.clear())
signal.signal(signal.SIGUSR2, lambda *_: going.set())


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
    try:
        while data := upstream.recv(4096):
            plain.sendall(data)
            going.wait()
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
