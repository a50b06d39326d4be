#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Remote reads against what the network gives: a real S3 service on this machine behind a network of
# 25 to 30 ms and 80 MB/s per connection. The peer is a bare loop over libcurl's multi interface
# (multi_fetch.c: 8 connections, parts of 8 MiB, bytes thrown away). Medians of whole processes that
# take turns.
#
#   rate    dp-slice fetch of a plain FASTQ object, whole and in 8 slices one after the other; one
#           slice of a gzip'd one, which costs decoding as well
#   index   dp-index build of a gzip'd object beside the slower of the loop and a local build, with one
#           thread and with two. Here the network keeps the answers and gives them again, so that the
#           store, which on a user's day is elsewhere, does not work on the cores that decode; the
#           last rows say what it is with the store on them, and what is then left for a local build
#           and the loop run at once
#   cost    requests and bytes of 64 slices, one process each, beside what they may be
#
# usage: bench_remote.py --build FOLDER [--runs N] [--scale F] [--only rate,index,cost] ...

import concurrent.futures
import glob
import json
import os
import shutil
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is
from bench_s3 import BUCKET, KIND, NETWORK, RATIO, BenchS3  # noqa: E402
from common import Missing, clocked, parser, perform  # noqa: E402

PLAIN_BYTES = 400 * 10**6
PACKED_BYTES = 180 * 10**6  # compressed
PART_BYTES = 8 << 20
SLICES = 64
RATE_BAR, INDEX_BAR, REQUESTS_BAR = 0.85, 0.9, 2


class BenchRemote(BenchS3):
    def row(self, work, ours, peer, figure, bar, more_is_better=True):
        verdict = self.judge(figure, bar, more_is_better)
        self.rows.append({"work": work, "ours": ours, "peer": peer, "figure": figure, "bar": bar,
                          "verdict": verdict})
        print(f"{work:<52} {ours:>11} {peer:>11} {figure:>7.2f} {bar if bar else '-':>5}  {verdict}",
              flush=True)

    def loop(self, key, size):
        """The bare loop over the object `key`."""
        command = [os.path.join(self.build, "tests", "bench", "multi_fetch"), self.url(key), str(size)]
        if not os.access(command[0], os.X_OK):
            raise Missing(f"{command[0]} is not built")
        return lambda: clocked(lambda: self.quiet(command))

    def plain(self):
        """A plain FASTQ object: its key and size."""
        path = self.scratch("reads.fastq")
        if not os.path.exists(path):
            with open(path, "wb") as out:
                out.write(self.quiet([os.path.join(self.build, "datasets", "generate"), KIND, "--bytes",
                                      str(int(PLAIN_BYTES * self.args.scale))]))
            self.upload(path, "reads.fastq")
            self.ours("dp-index", "build", "--force", f"s3://{BUCKET}/reads.fastq")
        return "reads.fastq", os.path.getsize(path)

    def packed(self):
        """A gzip'd one: its key and local path."""
        path = self.generate(KIND, int(PACKED_BYTES * RATIO * self.args.scale))
        key = "reads.fastq.gz"
        if not hasattr(self, "has_packed"):
            self.upload(path, key)
            self.ours("dp-index", "build", "--force", f"s3://{BUCKET}/{key}")
            self.has_packed = True
        return key, path

    def manifest(self, key, count):
        name = self.scratch(f"{key}.{count}")
        with open(name, "wb") as out:
            out.write(self.quiet([self.tool("dp-slice"), "plan", "-n", str(count), f"s3://{BUCKET}/{key}"]))
        return name

    def rate(self):
        key, size = self.plain()
        packed, path = self.packed()
        for name, data, length, count, threads, bar in (
                ("fetch of a plain object", key, size, 1, 1, RATE_BAR),
                ("the same in 8 slices, one after the other", key, size, 8, 1, None),
                ("the same in 8 slices, 4 at a time", key, size, 8, 4, None),
                ("fetch of a gzip'd object, 2 threads", packed, os.path.getsize(path), 1, 2, None)):
            command = [self.tool("dp-slice"), "fetch", "-q", "-@", str(threads), "-o", os.devnull,
                       self.manifest(data, count)]
            times = self.race({"ours": lambda: clocked(lambda: self.quiet(command)),
                               "loop": self.loop(data, length)})
            self.row(f"{name} / bare loop", f"{length / times['ours'] / 1e6:.0f} MB/s",
                     f"{length / times['loop'] / 1e6:.0f} MB/s", times["loop"] / times["ours"], bar)

    def large(self):
        """The gzip'd one three times: its key and local path."""
        _, path = self.packed()
        name, key = self.scratch("large.gz"), "large.fastq.gz"
        with open(name, "wb") as out, open(path, "rb") as data:
            for _ in range(3):
                data.seek(0)
                shutil.copyfileobj(data, out)
        self.upload(name, key)
        return key, name

    def index_of(self, place, threads):
        command = [self.tool("dp-index"), "build", "-q", "-@", str(threads), "--force", "-o",
                   self.scratch("new.dpi"), place]
        return lambda: clocked(lambda: self.quiet(command))

    def in_memory(self, path):
        """The files that are read from memory: the local one, and the answers that the line has kept."""
        kept = glob.glob(os.path.join(self.scratch("kept"), "kept", "**", "*"), recursive=True)
        return [path, *filter(os.path.isfile, kept)]

    def built(self, key, path, threads):
        """Over the network, beside the slower of a local build and the loop."""
        times = self.race({"ours": self.index_of(f"s3://{BUCKET}/{key}", threads),
                           "a local build": self.index_of(path, threads),
                           "the bare loop": self.loop(key, os.path.getsize(path))},
                          lambda: self.in_memory(path))
        slower = max(("a local build", "the bare loop"), key=times.get)
        self.index_row(f"index build, -@ {threads} / {slower}, the slower", times, slower, INDEX_BAR)

    def index_row(self, work, times, peer, bar):
        self.row(work, f"{times['ours']:.2f} s", f"{times[peer]:.2f} s", times[peer] / times["ours"], bar)

    def index(self):
        key, path = self.large()
        passing = os.environ["S3WAN_URL"]
        self.serve("s3wan", os.environ["RGW_URL"], *NETWORK, "keep=1", folder="kept")
        self.through(os.environ["S3WAN_URL"])
        for threads in (1, 2):
            self.built(key, path, threads)
        self.through(passing)
        self.shared_cores(key, path)

    def shared_cores(self, key, path):
        loop, local = self.loop(key, os.path.getsize(path)), self.index_of(path, 2)

        def both():
            def run():
                with concurrent.futures.ThreadPoolExecutor(2) as threads:
                    for done in [threads.submit(local), threads.submit(loop)]:
                        done.result()
            return clocked(run)
        times = self.race({"ours": self.index_of(f"s3://{BUCKET}/{key}", 2), "local": local, "both": both},
                          [path])
        self.index_row("the same, the store on these cores / a local build", times, "local", None)
        self.index_row("the same / a local build and the loop at once", times, "both", None)

    def cost(self):
        """Each slice by a process of its own, as on workers."""
        key, path = self.packed()
        manifest = self.manifest(key, SLICES)
        counts = self.scratch("counts")
        requests = moved = parts = most = 0
        with open(manifest) as lines:
            ranges = [json.loads(line)["pieces"][0]["range"] for line in lines]
        for number, (begin, end) in enumerate(ranges, 1):
            self.quiet([self.tool("dp-slice"), "fetch", "-q", "--only", str(number), "-o", os.devnull,
                        "--stats", counts, manifest])
            with open(counts) as file:
                one = json.load(file)
            here = -(-(end - begin) // PART_BYTES)
            parts += here
            most = max(most, one["requests"] - here)
            requests += one["requests"]
            moved += one["received_bytes"]
        span = max(before[1] - after[0] for before, after in zip(ranges, ranges[1:]))
        may = os.path.getsize(path) + (SLICES - 1) * max(0, span) + SLICES * (64 << 10)
        self.row("requests beyond the parts, most of a slice", f"{requests}", f"{parts}", most,
                 REQUESTS_BAR, more_is_better=False)
        self.row(f"bytes of {SLICES} slices / what they may be", f"{moved / 1e6:.1f} MB",
                 f"{may / 1e6:.1f} MB", moved / may, 1, more_is_better=False)

    def everything(self):
        chosen = self.choose({"rate": self.rate, "index": self.index, "cost": self.cost})
        self.start()
        print(f"Ceph RGW behind 25 to 30 ms and 80 MB/s per connection; medians of {self.args.runs} runs")
        print(f"{'work':<52} {'ours':>11} {'peer':>11} {'figure':>7} {'bar':>5}")
        for experiment in chosen.values():
            experiment()
        return self.finish()


def main():
    options = parser("remote reads beside what the network gives",
                     "size of the data (BENCH_SCALE, 1: objects of 400, 180 and 540 MB)")
    try:
        perform(BenchRemote(options.parse_args()))
    except Missing as reason:
        sys.exit(f"bench: {reason}")


if __name__ == "__main__":
    main()
