#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Makes the objects that the main job is tried on: FASTQ and text in the shapes that break readers,
# each plain, as gzip, as many members, stored and as BGZF. Deterministic.
#
# usage: objects.py FOLDER; prints one line per object: NAME FORMAT RECORDS BASES ("-" for text),
# known from the making and not from any reader.

import gzip
import io
import random
import struct
import sys
import zlib


def fastq(rng, count, length, wrap=0, end="\n", last_end=True):
    """Records whose qualities begin with @ and + whenever they may."""
    out, bases = [], 0
    for number in range(count):
        size = length(rng)
        bases += size
        sequence = "".join(rng.choices("ACGTN", k=size))
        quality = "".join(rng.choices("@+FI#,:!~", k=size))
        name = f"@read.{number} {number}/{rng.randrange(3)}"
        plus = "+" if number % 3 else "+" + name[1:]
        if wrap:
            pieces = [quality[at:at + wrap] for at in range(0, size, wrap)] or [""]
            lines = [sequence[at:at + wrap] for at in range(0, size, wrap)] or [""]
            out += [name, *lines, plus, *pieces]
        else:
            out += [name, sequence, plus, quality]
    text = end.join(out) + (end if last_end else "")
    return text.encode(), count, bases


def text(rng, count):
    lines = ["x" * rng.choice((0, 0, 1, 7, 80, 80, 300)) + f"\t{number}" * rng.randrange(4)
             for number in range(count)]
    lines[count // 2] = "long" * 200_000
    lines[-1] = "the last line has no newline"
    return "\n".join(lines).encode(), count, "-"


def member(data, level, **more):
    """A gzip member with chosen header fields."""
    flags = (2 if more.get("hcrc") else 0) | (4 if "extra" in more else 0) | \
        (8 if "name" in more else 0) | (16 if "comment" in more else 0)
    head = struct.pack("<4BI2B", 31, 139, 8, flags, 0, 0, 255)
    if "extra" in more:
        head += struct.pack("<H", len(more["extra"])) + more["extra"]
    if "name" in more:
        head += more["name"] + b"\0"
    if "comment" in more:
        head += more["comment"] + b"\0"
    if more.get("hcrc"):
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    pack = zlib.compressobj(level, zlib.DEFLATED, -15, 9, more.get("strategy", zlib.Z_DEFAULT_STRATEGY))
    return head + pack.compress(data) + pack.flush() + \
        struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def many_members(rng, data):
    """Members of all sizes, cut anywhere, some empty, with every header field; zero padding."""
    out, at = io.BytesIO(), 0
    while at < len(data):
        size = rng.choice((0, 1, 2, 100, 5000, 70000, 70000, 400000))
        out.write(member(data[at:at + size], rng.choice((0, 1, 6, 9)),
                         **rng.choice(({}, {"name": b"part"}, {"extra": b"xy\2\0ab", "hcrc": 1},
                                       {"comment": b"c", "strategy": zlib.Z_FIXED}))))
        at += size
    return out.getvalue() + b"\0" * 512


def bgzf(data, block=65280):
    """Blocks as bgzip makes them."""
    out = io.BytesIO()
    pieces = [data[at:at + block] for at in range(0, len(data), block)] + [b""]
    for piece in pieces:
        pack = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = pack.compress(piece) + pack.flush()
        out.write(struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25))
        out.write(body + struct.pack("<II", zlib.crc32(piece), len(piece)))
    return out.getvalue()


def main(folder):
    rng = random.Random(20240607)
    contents = {
        "reads.fastq": ("fastq", fastq(rng, 26000, lambda r: 150)),
        "long.fastq": ("fastq", fastq(rng, 700, lambda r: r.choice((0, 1, 300, 9000, 40000)))),
        "wrapped.fastq": ("fastq", fastq(rng, 4000, lambda r: r.randrange(400), wrap=60)),
        "crlf.fastq": ("fastq", fastq(rng, 2000, lambda r: 75, end="\r\n", last_end=False)),
        "three.fastq": ("fastq", fastq(rng, 3, lambda r: 10)),
        "one.fastq": ("fastq", fastq(rng, 1, lambda r: 20, last_end=False)),
        "lines.txt": ("text", text(rng, 60000)),
    }
    for name, (kind, (data, records, bases)) in contents.items():
        packings = {"": lambda d: d, ".gz": lambda d: gzip.compress(d, 6, mtime=0),
                    ".members.gz": lambda d: many_members(rng, d), ".bgz": bgzf}
        if name == "reads.fastq":
            packings[".stored.gz"] = lambda d: member(d, 0)
            packings[".fixed.gz"] = lambda d: member(d, 6, strategy=zlib.Z_FIXED)
        for ending, pack in packings.items():
            with open(f"{folder}/{name}{ending}", "wb") as out:
                out.write(pack(data))
            print(name + ending, kind, records, bases)


main(sys.argv[1])
