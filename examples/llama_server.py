"""Serve a GGUF file on loopback with llama.cpp's server, from the Python package xllamacpp."""

import signal
import sys

import xllamacpp


def main(weights: str, port: int) -> None:
    """Serve until interrupted: a window of 4,096 tokens for each of two requests at once."""
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = 2
    params.n_ctx = 2 * 4096  # shared out among the requests
    params.cpuparams.n_threads = 2
    server = xllamacpp.Server(params)
    sys.stdout.write(f"serving {weights} at {server.listening_address}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
