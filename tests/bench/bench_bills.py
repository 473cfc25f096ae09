"""
A WeChat merchant bill of a million lines into the books, beside what pandas needs to read it at all.

``python -m tests.bench.bench_bills [--rows 1000000]``. The goal on SQLite is 60 s and 500 MB. Each of
the two runs in a process of its own: wall time, processor time and peak memory are theirs. Lines
are invented; every 50th is a refund.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.unit.sheets.bill_files import (
    TOTAL_OF,
    WECHAT_27,
    WECHAT_TOTALS,
    Row,
    number,
    wechat_back,
    wechat_paid,
)

ROOT = Path(__file__).resolve().parents[2]
PANDAS = "import sys, pandas; pandas.read_csv(sys.argv[1], nrows=int(sys.argv[2]), dtype=str)"


def row_of(at: int) -> Row:
    """One of many lines."""
    return wechat_back(at - 1, 1400) if at % 50 == 49 else wechat_paid(at, 4400 + 100 * (at % 17))


def write_bill(path: Path, rows: int) -> None:
    """The bill on the disk, a line at a time."""
    sums: Counter[str] = Counter()
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(",".join(WECHAT_27) + "\r\n")
        for at in range(rows):
            row = row_of(at)
            for total, column in TOTAL_OF.items():
                sums[total] += round(number(row.get(column)) * 100_000)
            file.write(",".join("`" + row.get(name, "") for name in WECHAT_27) + "\r\n")
        file.write(",".join(WECHAT_TOTALS) + "\r\n")
        totals = (f"`{sums[name] / 100_000:.2f}" for name in WECHAT_TOTALS[1:])
        file.write(",".join((f"`{rows}", *totals)) + "\r\n")


def timed(name: str, command: list[str], environment: dict[str, str]) -> float:
    """Runs a process and prints what it took; returns its wall time."""
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE)
    _, status, own = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - begun
    said = process.stdout.read().decode().strip() if process.stdout else ""
    cpu_s, peak_mib = own.ru_utime + own.ru_stime, own.ru_maxrss // 1024
    print(
        f"{name}: exit {os.waitstatus_to_exitcode(status)}, {wall_s:.1f} s ({cpu_s:.1f} s of processor),"
        f" peak {peak_mib} MiB  {said}"
    )
    return wall_s


def main() -> None:
    """Prints both, their ratio, and a second import of the same lines in another order of columns."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--rows", type=int, default=1_000_000)
    rows = given.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        bill, environment = Path(folder) / "bill.csv", {"BUSOPS_INSTANCE": str(Path(folder) / "instance")}
        write_bill(bill, rows)
        print(
            f"{rows} lines, {bill.stat().st_size // 2**20} MiB, load {os.getloadavg()[0]:.1f}"
            f" on {os.cpu_count()} cores"
        )
        busops = [sys.executable, "-m", "busops", "--lang", "en"]
        subprocess.run([*busops, "init"], cwd=ROOT, env={**os.environ, **environment}, check=True)
        read_s = timed("pandas.read_csv", [sys.executable, "-c", PANDAS, str(bill), str(rows)], {})
        ours_s = timed("into the books", [*busops, "import-receipts", str(bill)], environment)
        print(f"ratio to pandas.read_csv: {ours_s / read_s:.1f}")
        with bill.open("ab") as file:
            file.write(b"\n")  # other bytes, the same lines
        timed("once more", [*busops, "import-receipts", str(bill)], environment)


if __name__ == "__main__":
    main()
