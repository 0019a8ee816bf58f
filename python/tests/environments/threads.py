"""A client that four threads share."""

import threading

from exercise import exercise, new_client, use

with new_client() as client:
    exercise(client)
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(use(client))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [client.pid] * 4
print("works")
