"""Runs one command and prints what it took, as JSON: wall and processor seconds, and peak memory in MB.

A process of its own, because on Linux a child's peak starts from that of the process that began it.

    python tests/benchmarks/launch.py COMMAND [ARGUMENT ...]
"""

import json
import os
import subprocess
import sys
import time

start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
wall = time.perf_counter() - start
megabytes = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": megabytes}))
sys.exit(os.waitstatus_to_exitcode(status))
