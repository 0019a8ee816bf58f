"""A client in each process of a pool. Usage: worker_processes.py fork|spawn|forkserver

With fork, the processes use the client that the parent used before. With the others, each imports
this module, and so has its own.
"""

import multiprocessing
import os
import sys

from exercise import exercise, new_client, use

client = new_client()


def work(_: int) -> tuple[int, int]:
    """Return the IDs of this process and of its sidecar."""
    exercise(client)
    return os.getpid(), use(client)


def main() -> None:
    parents = use(client)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        pairs = set(pool.map(work, range(6), chunksize=1))
        pool.close()
        pool.join()
    assert os.getpid() not in {worker for worker, _ in pairs}
    assert parents not in {sidecar for _, sidecar in pairs}
    assert use(client) == parents
    client.close()
    print("works")


if __name__ == "__main__":
    main()
