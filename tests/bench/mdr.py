# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Rows of bench.py on the search for pairs: dp-mdr beside plink1.9's BOOST, its kernels beside each
# other and beside the counting alone, threads, ranks, checkpoints, memory. Whole processes from .bed,
# as fast as each is: cohorts have so many variants that starting and reading do not matter, fewer for
# slower programs, and rates are compared. A rate is combinations per second; of programs with one
# thread it is per second of processor time, which whatever else runs on the machine disturbs least.

import os
import signal
import statistics
import subprocess
import sys
import time

from common import MIB, Missing, clocked

# About as many pairs as these take a second or two.
SEARCHED = {1128: 14000, 5000: 9000, 10000: 6500}
PEER_SEARCHED = {1128: 3500, 5000: 2500, 10000: 2000}
# Left parts of triples are counted beside 256 variants at once, however many there are.
TRIPLES = (400, 1000)
# Some ten seconds of one thread, so that threads and ranks are measured at their work.
PARALLEL_SEARCHED = 60000
# A node's worth of data, for memory.
MANY_VARIANTS = 100000
MEMORY_SECONDS = 20  # longer than it takes to have everything in memory; then the search is ended


def pairs(variants):
    return variants * (variants - 1) // 2


def triples(variants):
    return variants * (variants - 1) * (variants - 2) // 6


def text_of(rate):
    return f"{rate / 1e6:.1f} M/s" if rate >= 1e6 else f"{rate / 1e3:.0f} k/s"


class Mdr:
    def variants_of(self, count):
        """So many variants at --scale 1; the work goes with their square."""
        return max(64, int(count * self.args.scale ** 0.5))

    def cohort(self, samples, variants, *more):
        """PREFIX of .bed, .bim and .fam, made once and kept in the cache."""
        name = "cohort-" + "-".join([str(samples), str(variants), *(word.lstrip("-") for word in more)])
        prefix = os.path.join(self.args.cache, name)
        if not os.path.exists(prefix + ".fam"):
            os.makedirs(self.args.cache, exist_ok=True)
            new = f"{prefix}.{os.getpid()}"
            self.quiet([os.path.join(self.build, "datasets", "generate_cohort"), "--samples", str(samples),
                        "--variants", str(variants), "--bfile", new, *more])
            for suffix in (".bed", ".bim", ".fam"):
                os.rename(new + suffix, prefix + suffix)
        for suffix in (".bed", ".bim", ".fam"):
            self.warm(prefix + suffix)
        return prefix

    def search_command(self, prefix, *more, program="dp-mdr", threads=1, journal=None, out="mdr.tsv"):
        """One search, five folds with everything that it gives by default."""
        return [self.tool(program), "--bfile", prefix, "--folds", "5", "--no-prune", "-@", str(threads), "-q",
                "--force", "-o", self.scratch(out), *(["--journal", journal] if journal else ["--no-journal"]),
                *more]

    def searching(self, prefix, *more, **how):
        """Seconds of processor time of one search."""
        return self.spending(self.search_command(prefix, *more, **how))

    def spending(self, command):
        """Seconds of processor time that a command takes."""
        def turn():
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, env=self.environment(command))
            words = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                sys.exit(f"bench: {' '.join(command)}: exit {process.returncode}\n" + words.decode(errors="replace"))
            return usage.ru_utime + usage.ru_stime
        return turn

    def lasting(self, command):
        """Seconds by the clock."""
        return lambda: self.run([command])[0]

    def boost(self, prefix):
        """Seconds of plink's BOOST, which tests every pair, without cross-validation."""
        return self.spending([self.peer("plink1.9"), "--bfile", prefix, "--fast-epistasis", "boost", "--epi1",
                              "1e-9", "--threads", "1", "--allow-no-sex", "--out", self.scratch("boost")])

    def rates(self, contest):
        """{name: (combinations, function that returns seconds)} to {name: combinations per second}."""
        times = self.race({name: function for name, (_, function) in contest.items()})
        return {name: contest[name][0] / seconds for name, seconds in times.items()}

    def rate_row(self, work, data, ours, peer, bar):
        self.row(work, data, text_of(ours), text_of(peer), ours / peer, bar)

    def kernels(self):
        """The names that run here, fastest first."""
        prefix = self.cohort(64, 64)
        found = []
        for name in ("avx512", "avx2", "neon", "generic"):
            command = self.tool("dp-mdr")
            done = subprocess.run([command, "--bfile", prefix, "--folds", "2", "--kernel", name, "-q", "--force",
                                   "-o", self.scratch("mdr.tsv")], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, env=self.environment([command]))
            if done.returncode == 0:
                found.append(name)
        return found

    # --- rows

    def mdr_peer(self, kind):
        """Five-fold cross-validation of every pair beside BOOST's tests of every pair."""
        if kind != "vcf":
            return
        self.peer("plink1.9")
        kernels = self.kernels()
        for samples in (5000, 1128, 10000):
            few = self.variants_of(PEER_SEARCHED[samples])
            peer_prefix = self.cohort(samples, few)
            contest = {"plink": (pairs(few), self.boost(peer_prefix))}
            for kernel in kernels:
                many = self.variants_of(SEARCHED[samples]) if kernel != "generic" else few
                contest[kernel] = (pairs(many), self.searching(self.cohort(samples, many), "--kernel", kernel))
            rates = self.rates(contest)
            for kernel in kernels:
                bar = {"avx512": 12, "avx2": 4}.get(kernel) if samples == 5000 else None
                self.rate_row(f"5-fold CV of all pairs, {kernel} / plink BOOST", str(samples), rates[kernel],
                              rates["plink"], bar)
            if "avx2" in kernels:
                self.rate_row("portable C / AVX2", str(samples), rates["generic"], rates["avx2"],
                              0.25 if samples == 5000 else None)

    def mdr_counting(self, kind):
        """What of the counting alone is left when every pair is judged: programs of tests/bench that
        have all calls in memory. The counting uses the best that the machine has."""
        if kind != "vcf":
            return
        counter, searcher = self.bench_program("mdr_count"), self.bench_program("mdr_pairs")
        for samples, variants in ((5000, 2048), (10000, 2048), (50000, 1024)):
            sizes = [f"samples={samples}", f"variants={variants}"]
            figures = {"count": [], "pairs": []}
            for _ in range(self.args.runs):
                figures["count"].append(self.reported([counter, sizes[0]]))
                figures["pairs"].append(self.reported([searcher, *sizes]))
            count, judged = (statistics.median(figures[name]) for name in ("count", "pairs"))
            self.rate_row("pairs judged / counted only", str(samples), judged, count, 0.8)

    def bench_program(self, name):
        path = os.path.join(self.build, "tests", "bench", name)
        if not os.access(path, os.X_OK):
            raise Missing(f"tests/bench/{name} is not built")
        return path

    def reported(self, command):
        """The rate, per second of processor time, that a program of tests/bench prints among names and
        values."""
        words = self.quiet(command).decode().split()
        return float(words[words.index("per_cpu_second") + 1])

    def mdr_data(self, kind):
        """What unbalanced classes and missing calls cost; and three variants at a time."""
        if kind != "vcf":
            return
        samples, count = 5000, self.variants_of(SEARCHED[5000])
        kinds = {"plain": (), "1:9": ("--cases", str(samples // 10)), "missing 5 %": ("--missing", "0.05")}
        times = self.race({name: self.searching(self.cohort(samples, count, *more))
                           for name, more in kinds.items()})
        for name, bar in (("1:9", 1.3), ("missing 5 %", 1.8)):
            self.row(f"all pairs, {name}, x time of 1:1, complete", str(samples), f"{times[name]:.2f} s",
                     f"{times['plain']:.2f} s", times[name] / times["plain"], bar, more_is_better=False)
        counts = [self.variants_of(count) for count in TRIPLES]
        rates = self.rates({count: (triples(count), self.searching(self.cohort(samples, count), "--order", "3"))
                            for count in counts})
        for count in counts:
            self.row(f"all triples of {count}, M a second", str(samples), text_of(rates[count]), "-",
                     rates[count] / 1e6, None)

    def mdr_parallel(self, kind):
        """Two threads, two ranks: of what twice one thread does. And what two programs that have
        nothing to do with each other make of this machine. Whole processes; of ranks also without
        the seconds that mpirun takes for two of them that do nothing, which are the MPI library's
        and the same for a search of hours."""
        if kind != "vcf":
            return
        prefix = self.cohort(5000, self.variants_of(PARALLEL_SEARCHED))

        def twice():
            return clocked(lambda: self.both([self.search_command(prefix, out=f"both{n}.tsv") for n in range(2)]))
        contest = {str(threads): self.lasting(self.search_command(prefix, threads=threads)) for threads in (1, 2)}
        contest["two"] = twice
        try:
            launch = [self.peer("mpirun"), "--oversubscribe", "-n", "2"]
            launch[1:1] = ["--allow-run-as-root"] if os.geteuid() == 0 else []
            ranks = self.search_command(prefix, program="dp-mdr-mpi")
            contest["ranks"] = self.lasting(launch + ranks)
            contest["start"] = self.lasting(launch + [ranks[0], "--version"])
        except Missing as reason:
            self.note(f"ranks: left out: {reason}")
        self.parallel_rows(self.race(contest))

    def parallel_rows(self, times):
        def efficiency(what, seconds, bar):
            self.row(f"all pairs, {what}, of 2 x 1 thread", "5000", f"{seconds:.2f} s", f"{times['1']:.2f} s",
                     times["1"] / seconds / 2, bar)
        efficiency("2 threads", times["2"], 0.95)
        if "ranks" in times:
            efficiency("2 ranks less start", times["ranks"] - times["start"], 0.95)
            efficiency("2 ranks, mpirun", times["ranks"], None)
            self.row("mpirun of 2 ranks that do nothing", "-", f"{times['start']:.2f} s", "-", times["start"], None)
        self.row("the machine: 2 searches at once, of 2 x 1", "5000", f"{times['two']:.2f} s",
                 f"{times['1']:.2f} s", times["1"] / times["two"], None)

    def both(self, commands):
        running = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    env=self.environment(command)) for command in commands]
        if any([process.wait() for process in running]):
            sys.exit(f"bench: {' '.join(commands[0])} failed")

    def mdr_journal(self, kind):
        """A search that can go on after a crash beside one that cannot."""
        if kind != "vcf":
            return
        prefix = self.cohort(5000, self.variants_of(2 * SEARCHED[5000]))
        journal = self.scratch("mdr.journal")

        def journalled():
            self.removed(journal)()
            return self.searching(prefix, journal=journal)()
        times = self.race({"plain": self.searching(prefix), "journal": journalled})
        self.row("all pairs with a journal, x processor time", "5000", f"{times['journal']:.2f} s",
                 f"{times['plain']:.2f} s", times["journal"] / times["plain"], 1.01, more_is_better=False)

    def mdr_whole(self, kind):
        """From a packed VCF to the ranked pairs, and from saved planes."""
        if kind != "vcf":
            return
        count = self.variants_of(SEARCHED[5000])
        vcf, classes = self.cohort_vcf(5000, count)
        planes = self.scratch("mdr.dpg")
        common = ["--pheno", classes, "--folds", "5", "-@", "2", "-q", "--force", "--no-journal", "-o",
                  self.scratch("mdr.tsv")]
        command = self.tool("dp-mdr")
        self.run([[command, "--vcf", vcf, "--save-planes", planes, *common]])
        rates = self.rates({
            "vcf": (pairs(count), self.lasting([command, "--vcf", vcf, *common])),
            "planes": (pairs(count), self.lasting([command, "--planes", planes, *common]))})
        for name, what in (("vcf", ".vcf.gz"), ("planes", "saved planes")):
            self.row(f"{what} to ranked pairs, 2 threads, a second", "5000", text_of(rates[name]), "-",
                     rates[name] / 1e6, None)

    def cohort_vcf(self, samples, variants):
        """A .vcf.gz (BGZF) and its phenotypes, in the cache."""
        vcf = os.path.join(self.args.cache, f"cohort-{samples}-{variants}.vcf.gz")
        classes = vcf[:-len("vcf.gz")] + "tsv"
        if not os.path.exists(vcf):
            os.makedirs(self.args.cache, exist_ok=True)
            new = f"{vcf}.{os.getpid()}.vcf.gz"
            self.quiet([os.path.join(self.build, "datasets", "generate_cohort"), "--samples", str(samples),
                        "--variants", str(variants), "--vcf", new, "--pheno", classes, "-@", "2"])
            os.rename(new, vcf)
        self.warm(vcf)
        return vcf, classes

    def mdr_memory(self, kind):
        """Greatest memory with as many variants as one node may have; the search is ended once it
        has everything. Beside the calls themselves at two bits each."""
        if kind != "vcf":
            return
        samples, count = 5000, int(MANY_VARIANTS * min(1, self.args.scale))
        calls = samples * count / 4
        vcf, classes = self.cohort_vcf(samples, count)
        prefix = self.cohort(samples, count)
        for what, given in ((".bed", ["--bfile", prefix]), (".vcf.gz", ["--vcf", vcf, "--pheno", classes])):
            peak = self.peak([self.tool("dp-mdr"), *given, "--folds", "5", "-@", "2", "-q", "--force",
                              "--no-journal", "-o", self.scratch("memory.tsv")])
            self.row(f"memory, {count} variants, {what}, x calls", str(samples), f"{peak / MIB:.0f} MiB",
                     f"{calls / MIB:.0f} MiB", peak / calls, None)

    def peak(self, command):
        """The greatest memory of a command within MEMORY_SECONDS, in bytes."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   env=self.environment(command))
        end = time.monotonic() + MEMORY_SECONDS
        while time.monotonic() < end and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 128 + signal.SIGTERM, -signal.SIGTERM):
            sys.exit(f"bench: {' '.join(command)}: exit {process.returncode}")
        return usage.ru_maxrss * 1024
