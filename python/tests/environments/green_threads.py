"""A client that green threads share. Usage: green_threads.py gevent|eventlet"""

import sys

if sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()
else:
    import eventlet

    eventlet.monkey_patch()

import threading
import time

from exercise import exercise, new_client, use

ticks = 0


def tick() -> None:
    """Count how often others have their turn."""
    global ticks
    while True:
        time.sleep(0.001)
        ticks += 1


threading.Thread(target=tick, daemon=True).start()
with new_client() as client:
    exercise(client)
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(use(client))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [client.pid] * 4
assert ticks > 0
print("works")
