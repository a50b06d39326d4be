# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Rows of bench.py on variants and pairs, each on the one kind of data that it is about.

import os
import shutil
import sys
import time

from common import Missing

# Uncompressed bytes of R1 and R2 together at --scale 1.
MATES = 1000 * 10**6
SHARDS = 8


class Variants:
    server = None

    def variants_index(self, kind):
        """Indexes of a BGZF VCF: ours beside those of bcftools (regions) and bgzip (offsets)."""
        if kind != "vcf":
            return
        path = self.data(kind, "bgz")
        self.peer("bcftools")
        copy = self.scratch("index-me.vcf.gz")  # bgzip leaves its index beside the data only
        os.symlink(path, copy)
        out = self.scratch("variants.dpi")

        def ours(threads):
            return (None, [[self.tool("dp-index"), "build", "-q", "--force", "-s", "1M", "-@",
                            str(threads), "-o", out, path]])
        times = self.race({
            "1": ours(1), "2": ours(2),
            "bcftools": (None, [["bcftools", "index", "-f", "-t", "-o", self.scratch("new.tbi"), path]]),
            "bcftools 2": (None, [["bcftools", "index", "-f", "-t", "--threads", "2", "-o",
                                   self.scratch("new.tbi"), path]]),
            "bgzip": (self.removed(copy + ".gzi"), [["bgzip", "-r", copy]])}, [path])
        self.versus("VCF index, 1 thread / bcftools index -t", kind, times, "1", "bcftools", 1.0)
        self.versus("VCF index, 2 threads / bcftools --threads 2", kind, times, "2", "bcftools 2", 1.0)
        self.versus("VCF index, 1 thread / bgzip -r", kind, times, "1", "bgzip", None)
        self.versus("VCF index, 2 threads / bgzip -r", kind, times, "2", "bgzip", None)
        os.unlink(copy)

    def serve(self, root):
        """nginx with the files of `root`: its URL and its log. It ends with the benchmark."""
        servers = os.path.join(self.source, "tests", "servers")
        place = self.scratch("nginx")
        self.server = [os.path.join(servers, "stop.sh"), place]
        self.quiet([os.path.join(servers, "start-nginx.sh"), place, root])
        with open(os.path.join(place, "env")) as file:
            env = dict(line.strip().split("=", 1) for line in file if "=" in line)
        return env["NGINX_URL"].strip("'"), env["NGINX_LOG"].strip("'")

    def served(self, log, begin):
        """Requests and body bytes that the server's log has from `begin` on."""
        time.sleep(0.1)  # a request is logged after its last byte was sent
        with open(log) as file:
            file.seek(begin)
            sizes = [int(line.split("] ")[1].split()[1]) for line in file]
        return len(sizes), sum(sizes)

    def regions(self, kind):
        """One region of a VCF on a web server, index and all: plan and fetch beside tabix."""
        if kind != "vcf":
            return
        path = self.data(kind, "bgz")
        self.peer("tabix")
        if not (shutil.which("nginx") or os.access("/usr/sbin/nginx", os.X_OK)):
            raise Missing("nginx is not installed")
        root = self.scratch("www")
        os.makedirs(root)
        name = os.path.join(root, "v.vcf.gz")
        shutil.copy(path, name)
        self.quiet(["tabix", "-p", "vcf", name])
        self.quiet([self.tool("dp-index"), "build", "-q", name])
        ends = self.quiet(["bcftools", "query", "-f", "%CHROM\\t%POS\\n", name]).split(b"\n")
        chrom, middle = ends[len(ends) // 2].decode().split("\t")
        region = f"{chrom}:{middle}-{int(middle) + 100000}"
        url, log = self.serve(root)
        ours = [["sh", "-c", f"'{self.tool('dp-slice')}' plan --region {region} {url}/v.vcf.gz |"
                             f" '{self.tool('dp-slice')}' fetch -q - >/dev/null"]]
        contest = {"ours": (None, ours),
                   "tabix": (None, [["tabix", "-D", "-h", url + "/v.vcf.gz", region]])}
        bytes_moved = {}
        os.environ["LD_LIBRARY_PATH"] = os.path.join(self.build, ".libs")
        for who, (_, commands) in contest.items():
            begin = os.path.getsize(log)
            self.run(commands)
            bytes_moved[who] = self.served(log, begin)
        times = self.race(contest)
        del os.environ["LD_LIBRARY_PATH"]
        self.versus("region by HTTP, plan and fetch / tabix -D", kind, times, "ours", "tabix", None)
        self.row("region over HTTP, bytes moved, x tabix", kind,
                 f"{bytes_moved['ours'][1] / 1e3:.0f} kB", f"{bytes_moved['tabix'][1] / 1e3:.0f} kB",
                 bytes_moved["ours"][1] / bytes_moved["tabix"][1], 1.0, more_is_better=False)
        self.note(f"region over HTTP: {bytes_moved['ours'][0]} requests, "
                  f"tabix {bytes_moved['tabix'][0]}")

    def mates(self):
        """R1 and R2, made once."""
        size = int(MATES * self.args.scale / 2)
        paths = []
        for mate in ("1", "2"):
            path = os.path.join(self.args.cache, f"mates-{size}-{mate}.fastq.gz")
            if not os.path.exists(path):
                print(f"making {path}", file=sys.stderr, flush=True)
                os.makedirs(self.args.cache, exist_ok=True)
                generator = os.path.join(self.build, "datasets", "generate")
                self.quiet(["sh", "-c", f"'{generator}' fastq4 --bytes {size} --mate {mate} |"
                                        f" gzip -6 -n >'{path}.new' && mv '{path}.new' '{path}'"])
            paths.append(path)
        return paths

    def shards(self, kind):
        """Pairs in shards, the whole job: indexes, plan and all slices written, beside seqkit.
        And without writing: what a worker that reads a slice needs."""
        if kind != "fastq4":
            return
        self.peer("seqkit")
        first, second = self.mates()
        out, peer_out = self.scratch("shards"), self.scratch("seqkit-shards")
        links = []
        for path in (first, second):
            links.append(self.scratch(os.path.basename(path)))
            os.symlink(path, links[-1])
        index, cut = self.tool("dp-index"), self.tool("dp-slice")
        manifest = self.scratch("pairs.jsonl")
        prepare = [[index, "build", "-q", "--force", "-@", "2", link] for link in links] + [
            [cut, "plan", "-n", str(SHARDS), "--paired", "-o", manifest] + links]

        def emptied():
            shutil.rmtree(out, ignore_errors=True)
            shutil.rmtree(peer_out, ignore_errors=True)
        times = self.race({
            "written": (emptied, prepare + [[cut, "fetch", "-q", "-@", "2", "--output-dir", out, manifest]]),
            "indexed": (emptied, prepare),
            "seqkit": (emptied, [["seqkit", "split2", "-j", "2", "-p", str(SHARDS), "-1", first, "-2", second, "-O",
                                  peer_out]])}, [first, second])
        wrote = sum(os.path.getsize(os.path.join(peer_out, name)) for name in os.listdir(peer_out))
        left = sum(os.path.getsize(link + ".dpi") for link in links) + os.path.getsize(manifest)
        self.versus("paired shards as files / seqkit split2", kind, times, "written", "seqkit", None)
        self.versus("paired shards planned / seqkit split2", kind, times, "indexed", "seqkit", None)
        self.row("paired shards planned, bytes written, % of it", kind, f"{left / 1e6:.1f} MB",
                 f"{wrote / 1e6:.0f} MB", 100.0 * left / wrote, 2.0, more_is_better=False)

    def stop_server(self):
        if self.server:
            self.quiet(self.server)
