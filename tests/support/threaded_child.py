"""A child whose library has a thread of its own, which a fork would lose; it writes its parent's number."""

import os
import sys
import threading
import time


def load_libraries() -> None:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()


def main() -> None:
    load_libraries()
    sys.stdout.write(str(os.getppid()))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
