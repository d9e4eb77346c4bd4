"""The fault table, a tenth of it, run as the benchmark runs it: client and servers in processes of their own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.requirement("dispatch.fault-table")
def test_every_fault_on_every_wire_ends_typed_in_time_in_bounded_memory_and_booked():
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make an untrusted certificate with")
    command = [sys.executable, "scripts/bench/faults.py", "--tenth", "--margin", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert "all bounds held" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.returncode == 0
