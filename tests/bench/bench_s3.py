#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# What slices save where data lies in S3, against parts that are written in advance: a real S3
# service on this machine behind a network of 25 to 30 ms and 80 MB/s per connection (downloads;
# uploads are not slowed down). Medians of runs that take turns, and for each contestant what it
# moved in one run, as the network's log has it.
#
#   prepare  N parts of a gzip'd FASTQ: `curl | zcat | split` with the parts written back, as they
#            are and compressed by pigz, beside `dp-index build`, which writes its index there
#   fetch    a few of N parts, one after the other: a static compressed one (`curl | zcat`), a static
#            uncompressed one (`curl`), a slice (`dp-slice fetch --only K`)
#
# The peers stream: nothing of them touches a disk, parts go out while the next one is made, and
# their requests are presigned, so that no bytes are hashed.
#
# usage: bench_s3.py --build FOLDER [--runs N] [--scale F] [--only prepare,fetch] ...

import json
import os
import re
import shutil
import subprocess
import sys
import time

import boto3
from botocore.config import Config

sys.dont_write_bytecode = True  # the source tree stays as it is
from common import Common, Missing, clocked, parser, perform  # noqa: E402

KIND = "fastq4"
RATIO = 5.28  # uncompressed to compressed bytes of that
SIZES = (20 * 10**6, 60 * 10**6, 180 * 10**6)  # compressed, at --scale 1
BUCKET = "bench"
NETWORK = ("delay=25", "jitter=5", "rate=80m")
PARTS = 16                # of the first experiment
FETCH_PARTS = (16, 64)    # of the second
FETCH_PLACES = (0.2, 0.4, 0.6, 0.8)  # which of the parts are fetched
PREPARE_BAR = 2.9
COMPRESSED_BAR, UNCOMPRESSED_BAR = 1.0, 3.7
LOG_LINE = re.compile(r"^(\S+) \S+ \[(.*)\] (\d+) (\d+) c=\d+ t=\S+ s=(\d+)$")


class Ledger:
    """What went through the network since `open`, by its log. Of reads the bytes of bodies, of
    writes those of whole requests."""

    def __init__(self, log):
        self.log = log
        self.begin = 0

    def open(self):
        time.sleep(0.1)  # a request is logged after its last byte was sent
        self.begin = os.path.getsize(self.log)

    def close(self):
        time.sleep(0.1)
        sums = {"reads": 0, "read_bytes": 0, "writes": 0, "written_bytes": 0}
        with open(self.log) as lines:
            lines.seek(self.begin)
            for line in lines:
                fields = LOG_LINE.match(line)
                if not fields:
                    sys.exit(f"bench: the log has a line of another form: {line}")
                method, _, _, sent, received = fields.groups()
                if method in ("PUT", "POST"):
                    sums["writes"] += 1
                    sums["written_bytes"] += int(received)
                else:
                    sums["reads"] += 1
                    sums["read_bytes"] += int(sent)
        return sums


class BenchS3(Common):
    def __init__(self, args):
        super().__init__(args)
        self.folders = []
        for name in ("curl", "zcat"):
            self.peer(name)
        self.pack = ["pigz", "-6", "-p", "2"] if shutil.which("pigz") else ["gzip", "-6"]
        if self.pack[0] == "gzip":
            self.note("pigz is not installed: parts are compressed by gzip, on one core")

    # --- the store

    def serve(self, name, *arguments, folder=None):
        """Starts a server of tests/servers; its variables go into the environment."""
        scripts = os.path.join(self.source, "tests", "servers")
        folder = self.scratch(folder or name)
        self.folders.append(folder)
        self.quiet([os.path.join(scripts, f"start-{name}.sh"), folder, *arguments])
        with open(os.path.join(folder, "env")) as lines:
            for line in lines:
                if "=" in line and not line.startswith("export"):
                    key, value = line.rstrip("\n").split("=", 1)
                    os.environ[key] = value.strip("'")

    def start(self):
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN", "http_proxy"):
            os.environ.pop(name, None)
        os.environ["DP_SERVER_OWNER"] = str(os.getpid())
        self.serve("rgw", BUCKET)
        self.near = self.client(os.environ["AWS_ENDPOINT_URL"])
        self.serve("s3wan", os.environ["RGW_URL"], *NETWORK)
        self.through(os.environ["S3WAN_URL"])
        self.ledger = Ledger(os.environ["S3WAN_LOG"])

    def through(self, network):
        """What follows goes through this one."""
        self.far = self.client(network)
        os.environ["AWS_ENDPOINT_URL"] = network

    def close(self):
        stop = os.path.join(self.source, "tests", "servers", "stop.sh")
        for folder in reversed(self.folders):
            subprocess.run([stop, folder], check=False)

    def client(self, url):
        return boto3.client("s3", endpoint_url=url, region_name=os.environ["AWS_REGION"],
                            config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"))

    def url(self, key, method="get_object"):
        """Presigned, through the network."""
        return self.far.generate_presigned_url(method, Params={"Bucket": BUCKET, "Key": key},
                                               ExpiresIn=7200)

    def upload(self, path, key):
        """Not through the network."""
        with open(path, "rb") as data:
            self.near.put_object(Bucket=BUCKET, Key=key, Body=data)

    # --- contestants

    def shell(self, pipeline, **variables):
        """Runs a pipeline of bash; all its parts must succeed. Returns its output."""
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {pipeline}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(os.environ, **variables))
        if done.returncode != 0:
            sys.exit(f"bench: {pipeline}: exit {done.returncode}\n"
                     + done.stderr.decode(errors="replace")[-2000:])
        return done.stdout

    def static_parts(self, key, lines, prefix, pack):
        """How to write parts of so many lines back into the store."""
        urls = self.scratch("urls-" + prefix.strip("/"))
        with open(urls, "w") as file:
            for number in range(1, PARTS + 1):
                file.write(self.url(f"{prefix}{number}", "put_object") + "\n")
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "write_parts.py")
        variables = {"URL": self.url(key), "SCRIPT": script, "URLS": urls}

        def write():
            made = self.shell(f'curl -sSf "$URL" | zcat | /usr/bin/python3 "$SCRIPT" {lines} "$URLS" '
                              + " ".join(pack), **variables)
            if int(made) != PARTS:
                sys.exit(f"bench: {int(made)} parts were written instead of {PARTS}")
        return write

    def ours(self, name, *arguments):
        """One of our tools, its output to nowhere; -@ 2, as this is what pipelines take too."""
        self.quiet([self.tool(name), arguments[0], "-q", "-@", "2", *arguments[1:], "-o", os.devnull]
                   if name == "dp-slice" else
                   [self.tool(name), arguments[0], "-q", "-@", "2", *arguments[1:]])

    # --- the table

    def head(self, title):
        print(f"\n{title}\n{'':<34} {'time':>8} {'ratio':>6} {'bar':>5} {'':<6}"
              f"{'read MB':>9} {'GETs':>5} {'written MB':>11} {'PUTs':>5}", flush=True)

    def contest(self, work, contestants, ours, bars):
        """Races the contestants and prints a row for each; the ratio is its time / our time."""
        sums = {}

        def measured(name, function):
            self.ledger.open()
            seconds = clocked(function)
            sums[name] = self.ledger.close()
            return seconds
        times = self.race({name: lambda name=name, function=function: measured(name, function)
                           for name, function in contestants.items()})
        for name in contestants:
            ratio = times[name] / times[ours]
            bar = bars.get(name)
            verdict = self.judge(ratio, bar)
            self.rows.append({"work": work, "name": name, "seconds": times[name], "figure": ratio,
                              "bar": bar, "verdict": verdict, **sums[name]})
            moved = sums[name]
            print(f"{name:<34} {times[name]:>6.2f} s {ratio:>6.2f} {bar if bar else '-':>5} "
                  f"{verdict:<6}{moved['read_bytes'] / 1e6:>9.1f} {moved['reads']:>5} "
                  f"{moved['written_bytes'] / 1e6:>11.1f} {moved['writes']:>5}", flush=True)

    # --- the experiments

    def prepare(self):
        for size in SIZES:
            self.prepare_one(size)

    def object(self, size):
        """Makes the object of about `size` bytes in the store: its key and local path."""
        path = self.generate(KIND, int(size * RATIO * self.args.scale))
        key = f"reads-{size // 10**6}.fastq.gz"
        self.upload(path, key)
        return key, path

    def prepare_one(self, size):
        key, path = self.object(size)
        uri = f"s3://{BUCKET}/{key}"
        self.ours("dp-index", "build", "--force", uri)
        shown = json.loads(self.quiet([self.tool("dp-index"), "show", "--json", uri]))
        lines = 4 * -(-shown["records"] // PARTS)
        self.head(f"prepare {PARTS} parts of {os.path.getsize(path) / 1e6:.0f} MB "
                  f"({shown['uncompressed_bytes'] / 1e6:.0f} MB uncompressed)")
        plain, packed = "zcat | split, as they are", f"zcat | split, {self.pack[0]}"
        self.contest(f"prepare {size // 10**6} MB", {
            plain: self.static_parts(key, lines, "plain/", []),
            packed: self.static_parts(key, lines, "packed/", self.pack),
            "dp-index build": lambda: self.ours("dp-index", "build", "--force", uri),
        }, "dp-index build", {plain: PREPARE_BAR, packed: PREPARE_BAR})
        self.delete("plain/", "packed/", key)

    def delete(self, *prefixes):
        """What is not needed any more: the store lies in memory."""
        for prefix in prefixes:
            for entry in self.near.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", []):
                self.near.delete_object(Bucket=BUCKET, Key=entry["Key"])

    def fetch(self):
        key, path = self.object(SIZES[-1])
        uri = f"s3://{BUCKET}/{key}"
        self.ours("dp-index", "build", "--force", uri)
        for parts in FETCH_PARTS:
            self.fetch_some(uri, parts, os.path.getsize(path))

    def fetch_some(self, uri, parts, size):
        """Some of `parts` parts, which were written in advance with the bytes of the slices."""
        manifest = self.scratch("manifest")
        with open(manifest, "wb") as out:
            out.write(self.quiet([self.tool("dp-slice"), "plan", "-n", str(parts), uri]))
        numbers = [max(1, round(place * parts)) for place in FETCH_PLACES]
        plain_bytes = 0
        for number in numbers:
            part = self.scratch("part")
            self.quiet([self.tool("dp-slice"), "fetch", "-q", "--only", str(number), "-o", part, manifest])
            self.upload(part, f"part-{number}")
            self.quiet(["gzip", "-6", "-n", "-f", part])
            self.upload(part + ".gz", f"part-{number}.gz")
            plain_bytes += self.near.head_object(Bucket=BUCKET, Key=f"part-{number}")["ContentLength"]
        self.head(f"fetch {len(numbers)} of {parts} parts of {size / 1e6:.0f} MB, one after the other "
                  f"({plain_bytes / 1e6:.0f} MB uncompressed)")

        def each(work):
            return lambda: [work(number) for number in numbers]

        def static(pipeline, suffix):
            urls = {number: self.url(f"part-{number}{suffix}") for number in numbers}
            return each(lambda number: self.shell(pipeline, URL=urls[number]))
        packed, plain = "static compressed, curl | zcat", "static uncompressed, curl"
        self.contest(f"fetch of {parts}", {
            packed: static('curl -sSf "$URL" | zcat >/dev/null', ".gz"),
            plain: static('curl -sSf "$URL" >/dev/null', ""),
            "slice, dp-slice fetch --only K": each(
                lambda number: self.ours("dp-slice", "fetch", "--only", str(number), manifest)),
        }, "slice, dp-slice fetch --only K", {packed: COMPRESSED_BAR, plain: UNCOMPRESSED_BAR})

    def everything(self):
        chosen = self.choose({"prepare": self.prepare, "fetch": self.fetch})
        self.start()
        print(f"Ceph RGW behind 25 to 30 ms and 80 MB/s per connection; medians of {self.args.runs} "
              "runs; ratio = time / our time")
        for experiment in chosen.values():
            experiment()
        print()
        return self.finish()


def main():
    options = parser("slices in S3 beside parts written in advance",
                     "size of the data (BENCH_SCALE, 1: objects of 20, 60 and 180 MB)")
    try:
        perform(BenchS3(options.parse_args()))
    except Missing as reason:
        sys.exit(f"bench: {reason}")


if __name__ == "__main__":
    main()
