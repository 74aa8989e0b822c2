"""Carries one plain local port into TLS with a client certificate, for clients that know no TLS.

Usage: tls_tunnel.py LISTEN_PORT HOST PORT CA_FILE CERT_FILE KEY_FILE [SERVER_NAME]

Prints {"listening": PORT, "pid": ...} and runs until it is killed. The server's certificate must be issued by (or
be) CA_FILE; its name is checked only when SERVER_NAME is given.
"""
import json
import socket
import ssl
import sys
import threading

listen_port, host, port, ca, cert, key = sys.argv[1:7]
server_name = sys.argv[7] if len(sys.argv) > 7 else None

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.minimum_version = ssl.TLSVersion.TLSv1_2
context.check_hostname = server_name is not None
context.load_verify_locations(ca)
context.load_cert_chain(cert, key)


def pump(source, target):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
    except OSError:
        pass
    finally:
        # Either end being gone ends both directions.
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(plain):
    try:
        secure = context.wrap_socket(socket.create_connection((host, int(port)), 10), server_hostname=server_name)
        secure.settimeout(None)
    except OSError as error:
        sys.stderr.write(f"tunnel: {error}\n")
        plain.close()
        return
    sys.stderr.write(f"tunnel: {secure.version()} {secure.cipher()[0]}\n")
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=pump, args=(plain, secure), daemon=True).start()
    pump(secure, plain)


listener = socket.create_server(("127.0.0.1", int(listen_port)))
print(json.dumps({"listening": listener.getsockname()[1]}), flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
