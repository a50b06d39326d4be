# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# What the benchmarks share: finding programs, making data, runs that take turns, rows with bars.

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
# The generator's name for each kind of data.
GENERATED = {"fastq4": "fastq4", "hiseq": "fastq-hiseq", "vcf": "vcf"}


class Missing(Exception):
    """A peer, a build or a kind of data that a row needs is not there."""


class Common:
    def __init__(self, args):
        self.args = args
        self.build = os.path.abspath(args.build)
        self.source = os.path.abspath(args.source)
        self.work = tempfile.mkdtemp(prefix="dataplug-bench-")
        self.rows = []
        self.notes = []

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def scratch(self, name):
        return os.path.join(self.work, name)

    # --- programs

    def is_script(self, path):
        with open(path, "rb") as file:
            return file.read(2) == b"#!"

    def tool(self, name, build=None):
        """The program itself: libtool's wrapper script would be measured with it."""
        build = build or self.build
        for path in (f"{build}/{name}", f"{build}/.libs/{name}"):
            if os.access(path, os.X_OK) and not self.is_script(path):
                return path
        raise Missing(f"{name} is not built in {build}")

    def environment(self, command):
        env = dict(os.environ, LC_ALL="C")
        env.pop("DP_INDEX_DIR", None)
        for word in command:
            if "/.libs/" in word:
                env["LD_LIBRARY_PATH"] = os.path.dirname(word)
        return env

    def quiet(self, command, **more):
        """Runs what is not measured; it must succeed. Returns its output."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=self.environment(command), **more)
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)}: exit {done.returncode}\n"
                     + (done.stdout + done.stderr).decode(errors="replace")[-2000:])
        return done.stdout

    def peer(self, name):
        if not shutil.which(name):
            raise Missing(f"{name} is not installed")
        return name

    # --- data

    def generate(self, kind, size, packing="gz"):
        """A generated file of `size` uncompressed bytes, made once and kept in the cache:
        KIND-SIZE.gz (GNU gzip -6) or KIND-SIZE.bgz."""
        path = os.path.join(self.args.cache, f"{kind}-{size}.{packing}")
        if os.path.exists(path):
            return path
        os.makedirs(self.args.cache, exist_ok=True)
        if packing == "bgz":
            pack = [self.peer("bgzip"), "-c", "-@", str(os.cpu_count())]
        else:
            pack = ["gzip", "-6", "-n"]
        print(f"making {path}", file=sys.stderr, flush=True)
        partial = f"{path}.{os.getpid()}"
        generator = os.path.join(self.build, "datasets", "generate")
        try:
            with open(partial, "wb") as out:
                make = subprocess.Popen([generator, GENERATED[kind], "--bytes", str(size)],
                                        stdout=subprocess.PIPE)
                done = subprocess.run(pack, stdin=make.stdout, stdout=out)
                make.stdout.close()
                if make.wait() != 0 or done.returncode != 0:
                    sys.exit(f"bench: cannot make {path}")
        except BaseException:
            os.unlink(partial)
            raise
        os.rename(partial, path)
        return path

    # --- measuring

    def warm(self, path):
        with open(path, "rb") as file:
            while file.read(MIB):
                pass

    def race(self, contestants, files=(), rounds=1):
        """contestants: {name: function that returns seconds}; they take turns `runs` times
        (`rounds` times as often where a turn is so short that one wake-up counts), each with
        the files (paths, or a function that lists them) in the page cache: read before every turn, as
        some machines take memory back within seconds, and who comes first would wait for the disk.
        Returns {name: median seconds}."""
        times = {name: [] for name in contestants}
        for _ in range(self.args.runs * rounds):
            for name, contestant in contestants.items():
                for path in files() if callable(files) else files:
                    self.warm(path)
                times[name].append(contestant())
        return {name: statistics.median(seconds) for name, seconds in times.items()}

    def choose(self, experiments):
        """Those of {word: function} that --only names, or all, in that order."""
        chosen = self.args.only.split(",") if self.args.only else list(experiments)
        for word in chosen:
            if word not in experiments:
                sys.exit(f"bench: there is no '{word}' to choose, only {', '.join(experiments)}")
        return {word: experiments[word] for word in chosen}

    def judge(self, figure, bar, more_is_better=True):
        """The verdict's word; "" where there is no bar."""
        if bar is None:
            return ""
        if more_is_better:
            return "ok" if figure >= bar else "BELOW"
        return "ok" if figure <= bar else "ABOVE"

    def finish(self):
        """Notes, the count of bars and, when asked for, the rows as JSON. The exit status."""
        if self.args.scale < 1:
            self.note("bars are meant for --scale 1: starting programs counts for more with less data")
        for text in self.notes:
            print(text)
        judged = [row for row in self.rows if row["verdict"]]
        held = sum(row["verdict"] == "ok" for row in judged)
        print(f"{held} of {len(judged)} bars held")
        if self.args.json:
            with open(self.args.json, "w") as out:
                json.dump(self.rows, out, indent=1)
        return 0 if held == len(judged) or not self.args.strict else 1


def clocked(function):
    """Seconds that a call takes."""
    begin = time.monotonic()
    function()
    return time.monotonic() - begin


def parser(description, scale_help):
    cache = os.environ.get("DP_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "dataplug")
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--build", default=".", help="folder of the build to measure")
    options.add_argument("--source", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    options.add_argument("--runs", type=int, default=3, help="of each contestant (3)")
    options.add_argument("--scale", type=float, default=float(os.environ.get("BENCH_SCALE", "1")),
                         help=scale_help)
    options.add_argument("--only", help="what to run, by word, separated by commas")
    options.add_argument("--cache", default=os.path.join(cache, "bench"))
    options.add_argument("--json", help="also write the rows to this file")
    options.add_argument("--strict", action="store_true", help="exit 1 when a bar is not held")
    return options


def perform(bench):
    """Runs `everything` and cleans up, also when it is told to end."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        sys.exit(bench.everything())
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        bench.close()
        shutil.rmtree(bench.work, ignore_errors=True)
