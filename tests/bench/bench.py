#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The tools beside zcat, pigz, igzip, gztool, bgzip and python3-indexed-gzip on this machine: whole
# processes, files in the page cache, medians of several runs that take turns, so that a noisy
# machine disturbs all alike. A row's ratio is PEER'S TIME / OUR TIME (bigger is better) unless its
# unit says otherwise. Peers that are not installed are left out and said so.
#
# Rows on variants and pairs (variants.py): bcftools, tabix, bgzip, seqkit; on the search for
# combinations of variants (mdr.py): plink1.9.
#
# usage: bench.py --build FOLDER [--runs N] [--only WORD[,WORD...]] [--data KIND[,KIND...]] ...

import json
import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the source tree stays as it is
from common import Common, MIB, Missing, parser, perform  # noqa: E402
from mdr import Mdr  # noqa: E402
from variants import Variants  # noqa: E402

# Uncompressed bytes of each kind of data at --scale 1.
KINDS = {"fastq4": 1000 * 10**6, "hiseq": 400 * 10**6, "vcf": 500 * 10**6}
FETCH_BYTES = 10 * 10**6
FETCH_COUNT = 10
PEERS = ["zcat", "pigz", "igzip", "gztool", "bgzip"]


class Bench(Mdr, Variants, Common):
    def __init__(self, args):
        super().__init__(args)
        self.have = {name: shutil.which(name) for name in PEERS}
        for name in PEERS:
            if not self.have[name]:
                self.note(f"{name} is not installed: its rows are left out")

    def close(self):
        self.stop_server()

    # --- programs

    def zlib_build(self):
        """A build without ISA-L beside the one that is measured; made when it is not there."""
        folder = self.args.zlib_build or os.path.join(self.build, "bench-zlib")
        if not os.path.exists(os.path.join(folder, "Makefile")):
            os.makedirs(folder, exist_ok=True)
            self.quiet([os.path.join(self.source, "configure"), "--without-isal"], cwd=folder)
        self.quiet(["make", "-s", f"-j{os.cpu_count()}"], cwd=folder)
        return folder

    # --- data

    def data(self, kind, packing="gz"):
        return self.generate(kind, int(KINDS[kind] * self.args.scale), packing)

    def index(self, path, spacing="1M", build=None):
        """Our index of `path`, made once per spacing."""
        out = self.scratch(f"{os.path.basename(path)}.{spacing}.dpi")
        if not os.path.exists(out):
            self.quiet([self.tool("dp-index", build), "build", "-q", "-s", spacing, "-o", out, path])
        return out

    def linked(self, path, spacing="1M"):
        """The data under a name of its own with our index beside it, as a user has it."""
        link = self.scratch("indexed-" + os.path.basename(path))
        if not os.path.exists(link):
            os.symlink(path, link)
            shutil.copy(self.index(path, spacing), link + ".dpi")
        return link

    def gztool_index(self, path, span):
        out = self.scratch(f"{os.path.basename(path)}.{span}.gzi")
        if not os.path.exists(out):
            self.quiet([self.peer("gztool"), "-v0", "-i", "-x", "-s", str(span), "-I", out, path])
        return out

    # --- measuring

    def together(self, command, count):
        """Runs a command so many times at once; returns seconds."""
        begin = time.monotonic()
        running = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    env=self.environment(command)) for _ in range(count)]
        if any([process.wait() for process in running]):
            sys.exit(f"bench: {' '.join(command)} failed")
        return time.monotonic() - begin

    def run(self, commands):
        """Runs commands one after the other (output to /dev/null; a trailing "|" pipes it through
        cat); returns seconds and the greatest memory in bytes."""
        peak = 0
        begin = time.monotonic()
        for command in commands:
            pipe = command[-1] == "|"
            command = command[:-1] if pipe else command
            consumer = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) \
                if pipe else None
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                       stdout=consumer.stdin if pipe else subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, env=self.environment(command))
            if consumer:
                consumer.stdin.close()
            words = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            if consumer:
                consumer.wait()
            if status != 0:
                sys.exit(f"bench: {' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}\n"
                         + words.decode(errors="replace"))
            peak = max(peak, usage.ru_maxrss * 1024)
        return time.monotonic() - begin, peak

    def race(self, contestants, files=(), rounds=1):
        """contestants: {name: (prepare or None, commands) or a function that returns seconds}; they
        take turns `runs` times `rounds`, with the files in the page cache. Returns {name: median seconds}."""
        def turn(prepare, commands):
            if prepare:
                prepare()
            return self.run(commands)[0]
        return super().race({name: rest if callable(rest) else lambda rest=rest: turn(*rest)
                             for name, rest in contestants.items()}, files, rounds)

    def row(self, work, data, ours, peer, ratio, bar, more_is_better=True):
        verdict = self.judge(ratio, bar, more_is_better)
        self.rows.append({"work": work, "data": data, "ours": ours, "peer": peer, "figure": ratio,
                          "bar": bar, "verdict": verdict})
        bar_text = "-" if bar is None else f"{bar:g}"
        print(f"{work:<46} {data:<7} {ours:>9} {peer:>9} {ratio:>8.2f} {bar_text:>6}  {verdict}",
              flush=True)

    def versus(self, work, data, times, ours, peer, bar):
        self.row(work, data, f"{times[ours]:.2f} s", f"{times[peer]:.2f} s",
                 times[peer] / times[ours], bar)

    # --- the rows

    def removed(self, *paths):
        def prepare():
            for path in paths:
                if os.path.exists(path):
                    os.unlink(path)
        return prepare

    def build_index(self, kind):
        """Index builds at 1 MiB against line indexes of gztool and a bare decompression."""
        path = self.data(kind)
        out, gzi = self.scratch("new.dpi"), self.scratch("new.gzi")

        def ours(threads):
            return (None, [[self.tool("dp-index"), "build", "-q", "--force", "-s", "1M",
                            "-@", str(threads), "-o", out, path]])
        contest = {"1": ours(1), "2": ours(2)}
        bars = [("igzip -dc", 0.70, 0.92)]
        if self.have["igzip"]:
            contest["igzip -dc"] = (None, [["igzip", "-dc", path]])
        if self.have["gztool"]:
            for span in (1, 10):
                contest[f"gztool -i -x -s{span}"] = (self.removed(gzi), [
                    ["gztool", "-v0", "-i", "-x", "-s", str(span), "-I", gzi, path]])
            bars = [("gztool -i -x -s1", 2.8, 3.6), ("gztool -i -x -s10", 2.1, 2.7)] + bars
        times = self.race(contest, [path])
        for peer, one, two in bars:
            if peer in times:
                self.versus(f"index build, 1 thread / {peer}", kind, times, "1", peer, one)
                self.versus(f"index build, 2 threads / {peer}", kind, times, "2", peer, two)

    def build_zlib(self, kind):
        """The portable build against gztool, which stands on zlib too."""
        path = self.data(kind)
        self.peer("gztool")
        out, gzi = self.scratch("zlib.dpi"), self.scratch("zlib.gzi")
        times = self.race({
            "ours": (None, [[self.tool("dp-index", self.zlib_build()), "build", "-q", "--force", "-s",
                             "1M", "-@", "1", "-o", out, path]]),
            "gztool": (self.removed(gzi), [["gztool", "-v0", "-i", "-x", "-s", "10", "-I", gzi, path]]),
        }, [path])
        self.versus("zlib-only build, 1 thread / gztool -i -x -s10", kind, times, "ours", "gztool", 1.0)

    def zcat_index(self, kind):
        """dp-zcat with an index: against whole decompressors, and one thread against two."""
        path = self.data(kind)
        link = self.linked(path)
        contest = {"1": (None, [[self.tool("dp-zcat"), "-@", "1", link]]),
                   "2": (None, [[self.tool("dp-zcat"), "-@", "2", link]]),
                   "zcat": (None, [["gzip", "-dc", path]])}
        if self.have["pigz"]:
            contest["pigz"] = (None, [["pigz", "-dc", path]])
        # What this machine makes of two cores: two programs that have nothing to do with each other.
        if self.have["igzip"]:
            for count in (1, 2):
                contest[f"igzip x {count}"] = lambda count=count: self.together(["igzip", "-dc", path], count)
        times = self.race(contest, [path, link + ".dpi"])
        bar = {"fastq4": 9, "hiseq": 7.5, "vcf": 9.5}[kind]
        self.versus("dp-zcat, index, 2 threads / zcat", kind, times, "2", "zcat", bar)
        if "pigz" in times:
            self.versus("dp-zcat, index, 2 threads / pigz -dc", kind, times, "2", "pigz", 5)
        self.versus("dp-zcat, index, 2 threads / 1 thread", kind, times, "2", "1", 1.8)
        if "igzip x 2" in times:
            self.row("the machine: 2 igzip -dc at once / 1", kind, f"{times['igzip x 2']:.2f} s",
                     f"{times['igzip x 1']:.2f} s", 2 * times["igzip x 1"] / times["igzip x 2"], None)

    def zcat_plain(self, kind):
        """dp-zcat without an index: to /dev/null and through a pipe."""
        path = self.data(kind)
        self.peer("igzip")
        ours = [self.tool("dp-zcat"), "-@", "2", path]
        peer = ["igzip", "-dc", path]
        times = self.race({"ours": (None, [ours]), "igzip": (None, [peer]),
                           "ours |": (None, [ours + ["|"]]), "igzip |": (None, [peer + ["|"]])}, [path])
        self.versus("dp-zcat, no index / igzip -dc", kind, times, "ours", "igzip", 0.95)
        self.versus("dp-zcat, no index | cat / igzip -dc | cat", kind, times, "ours |", "igzip |", 1.0)

    def offsets(self, kind):
        """Where the fetches begin: spread over the data, at no round places."""
        total = int(KINDS[kind] * self.args.scale)
        step = max(1, (total - FETCH_BYTES) // FETCH_COUNT)
        return [i * step + step // 3 for i in range(FETCH_COUNT)]

    def fetch(self, kind):
        """Ten fetches of 10 MB, each by a process of its own, indexes ready."""
        path = self.data(kind)
        link = self.linked(path)
        manifest = self.scratch("manifest-" + kind)
        with open(manifest, "wb") as out:
            subprocess.run([self.tool("dp-slice"), "plan", "--bytes", str(FETCH_BYTES), link],
                           stdout=out, check=True, env=self.environment([self.tool("dp-slice")]))
        with open(manifest, "rb") as lines:
            count = sum(1 for _ in lines)
        numbers = [1 + i * (count - 1) // FETCH_COUNT for i in range(FETCH_COUNT)]
        contest = {
            "range": (None, [[self.tool("dp-zcat"), "-@", "2", "--range", f"{at}+{FETCH_BYTES}", link]
                             for at in self.offsets(kind)]),
            "slice": (None, [[self.tool("dp-slice"), "fetch", "-q", "-@", "2", "--only", str(number),
                              manifest] for number in numbers]),
        }
        files = [path, link + ".dpi", manifest]
        if self.have["gztool"]:
            index = self.gztool_index(path, 10)
            files.append(index)
            contest["gztool"] = (None, [["gztool", "-v0", "-W", "-b", str(at), "-r", str(FETCH_BYTES),
                                         "-I", index, path] for at in self.offsets(kind)])
        times = self.race(contest, files, rounds=3)
        if "gztool" in times:
            self.versus("10 x fetch 10 MB, dp-zcat --range / gztool -b", kind, times, "range", "gztool", 3.5)
            self.versus("10 x fetch 10 MB, dp-slice fetch / gztool -b", kind, times, "slice", "gztool", 3.5)

    def bgzf(self, kind):
        """BGZF, which needs no index to be read by two threads."""
        path = self.data(kind, "bgz")
        self.peer("bgzip")
        times = self.race({"ours": (None, [[self.tool("dp-zcat"), "-@", "2", path]]),
                           "bgzip": (None, [["bgzip", "-dc", "-@", "2", path]])}, [path])
        self.versus("dp-zcat, BGZF, 2 threads / bgzip -dc -@2", kind, times, "ours", "bgzip", 1.2)

    def size(self, kind):
        """The index in percent of the compressed object."""
        path = self.data(kind)
        whole = os.path.getsize(path)
        for spacing, bar in (("1M", {"fastq4": 1.0, "hiseq": 1.45, "vcf": 1.3}[kind]), ("10M", 0.13)):
            size = os.path.getsize(self.index(path, spacing))
            self.row(f"index size at {spacing}iB, % of the object", kind, f"{size / 1e6:.2f} MB",
                     f"{whole / 1e6:.0f} MB", 100.0 * size / whole, bar, more_is_better=False)

    def memory(self, kind):
        """Greatest memory of an index build; the bar allows 64 bytes per table row."""
        path = self.data(kind)
        self.warm(path)
        shown = subprocess.run([self.tool("dp-index"), "show", "--json", self.index(path)],
                               stdout=subprocess.PIPE, check=True,
                               env=self.environment([self.tool("dp-index")]))
        points = json.loads(shown.stdout)["seek_points"]
        bar = 24 + 2 * 64 * points / MIB + 4
        for threads in (1, 2):
            _, peak = self.run([[self.tool("dp-index"), "build", "-q", "--force", "-s", "1M", "-@",
                                 str(threads), "-o", self.scratch("memory.dpi"), path]])
            self.row(f"index build, {threads} thread(s), memory in MiB", kind, f"{peak / MIB:.1f} MiB", "-",
                     peak / MIB, round(bar, 1), more_is_better=False)

    def moved(self, work, kind, path, bar):
        """What fetching the slices of a plan reads, each by a process of its own, against the
        object. Windows of the index count."""
        manifest, stats = self.scratch("manifest-moved"), self.scratch("stats")
        with open(manifest, "wb") as out:
            out.write(self.quiet([self.tool("dp-slice"), "plan", "-n", "64", path]))
        bytes_read = 0
        for number in range(1, 65):
            self.run([[self.tool("dp-slice"), "fetch", "-q", "-@", "2", "--stats", stats,
                       "--only", str(number), manifest]])
            with open(stats) as text:
                bytes_read += json.load(text)["read_bytes"]
        whole = os.path.getsize(path)
        self.row(work, kind, f"{bytes_read / 1e6:.1f} MB", f"{whole / 1e6:.1f} MB", bytes_read / whole,
                 bar, more_is_better=False)

    def amplification(self, kind):
        """The bar is for 1 GB of compressed bytes; less has the same edges and no bar."""
        self.moved("bytes fetched by 64 slices, x object", kind, self.linked(self.data(kind)), None)

    def amplification_big(self, kind):
        """The same for 1 GB: the data over and over again, as members of one file."""
        if kind != "fastq4":
            return
        data, size = self.data(kind), int(10**9 * self.args.scale)
        path = self.scratch("big.fastq.gz")
        with open(path, "wb") as out:
            while out.tell() < size:
                with open(data, "rb") as part:
                    shutil.copyfileobj(part, out, MIB)
        self.quiet([self.tool("dp-index"), "build", "-q", path])
        self.moved("the same, 1 GB" if self.args.scale >= 1 else "the same, 1 GB x scale", kind, path,
                   1.05 if self.args.scale >= 1 else None)
        self.removed(path, path + ".dpi")()

    def indexed_gzip(self, kind):
        """python3-indexed-gzip: index build and fetches (no bar)."""
        if subprocess.run(["/usr/bin/python3", "-c", "import indexed_gzip"],
                          stderr=subprocess.DEVNULL).returncode != 0:
            raise Missing("python3-indexed-gzip is not installed")
        path = self.data(kind)
        link = self.linked(path)
        out, saved = self.scratch("py.dpi"), self.scratch("py.gzidx")
        make = (f"import indexed_gzip as g; f = g.IndexedGzipFile({path!r}, spacing=1 << 20); "
                f"f.build_full_index(); f.export_index({saved!r})")
        times = self.race({
            "ours": (None, [[self.tool("dp-index"), "build", "-q", "--force", "-s", "1M", "-@", "1",
                             "-o", out, path]]),
            "theirs": (self.removed(saved), [["/usr/bin/python3", "-c", make]])}, [path])
        self.versus("index build, 1 thread / indexed_gzip, 1 MiB", kind, times, "ours", "theirs", None)
        read = (f"import indexed_gzip as g, sys; f = g.IndexedGzipFile({path!r}, index_file={saved!r}); "
                f"f.seek(int(sys.argv[1])); f.read({FETCH_BYTES})")
        times = self.race({
            "ours": (None, [[self.tool("dp-zcat"), "-@", "2", "--range", f"{at}+{FETCH_BYTES}", link]
                            for at in self.offsets(kind)]),
            "theirs": (None, [["/usr/bin/python3", "-c", read, str(at)] for at in self.offsets(kind)])},
            [path, link + ".dpi", saved])
        self.versus("10 x fetch 10 MB / indexed_gzip", kind, times, "ours", "theirs", None)

    def everything(self):
        rows = {"variants": self.variants_index, "regions": self.regions, "pairs": self.shards,
                "build": self.build_index, "zlib": self.build_zlib, "zcat": self.zcat_index,
                "noindex": self.zcat_plain, "fetch": self.fetch, "bgzf": self.bgzf,
                "size": self.size, "memory": self.memory, "moved": self.amplification,
                "big": self.amplification_big, "python": self.indexed_gzip, "mdr": self.mdr_peer,
                "mdr-count": self.mdr_counting, "mdr-data": self.mdr_data,
                "mdr-parallel": self.mdr_parallel, "mdr-journal": self.mdr_journal,
                "mdr-whole": self.mdr_whole, "mdr-memory": self.mdr_memory}
        chosen = self.choose(rows)
        print(f"{'work':<46} {'data':<7} {'ours':>9} {'peer':>9} {'ratio':>8} {'bar':>6}")
        for word, function in chosen.items():
            for kind in self.args.data.split(","):
                try:
                    function(kind)
                except Missing as reason:
                    self.note(f"{word}: left out: {reason}")
        return self.finish()


def main():
    options = parser("the tools beside their peers on this machine",
                     "size of the data (BENCH_SCALE, 1: 1.9 GB uncompressed in all)")
    options.add_argument("--zlib-build", help="folder of a build without ISA-L (made when absent)")
    options.add_argument("--data", default=",".join(KINDS), help="kinds of data")
    perform(Bench(options.parse_args()))


if __name__ == "__main__":
    main()
