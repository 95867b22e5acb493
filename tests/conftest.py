"""For every test: threads that wait do not spin, so that painting beside other processes stays quick."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
