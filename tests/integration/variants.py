#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Writes a VCF to stdout: several contigs (one of them without records), records that reach far over
# those behind them, odd positions, three samples. The same bytes everywhere.
#
# usage: variants.py RECORDS

import random
import sys

count = int(sys.argv[1])
dice = random.Random(20)
contigs = ["chr1", "chr2", "chrEmpty", "HLA:A*01", "chrM"]
print("##fileformat=VCFv4.2")
print('##FILTER=<ID=PASS,Description="All filters passed">')
for name in contigs:
    print(f"##contig=<ID={name},length=400000000>")
print('##INFO=<ID=END,Number=1,Type=Integer,Description="End, of a <DEL>">')
print('##INFO=<ID=NOTE,Number=1,Type=String,Description="Text, of \\"any\\" length">')
print('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
print('##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">')
print("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts two\tS3")
shares = [0.5, 0.3, 0, 0.15, 0.05]
number = 0
for name, share in zip(contigs, shares):
    position = 0
    for _ in range(int(count * share)):
        number += 1
        position += dice.choice([0, 1, 3, 50, 700, 20000])
        position = max(position, 1)
        ref, alt, info = dice.choice("ACGT"), dice.choice("ACGT"), ""
        kind = dice.random()
        if kind < 0.03:
            alt, info = "<DEL>", f"END={position + dice.choice([0, 30, 5000, 900000])};"
        elif kind < 0.1:
            ref = "".join(dice.choice("ACGT") for _ in range(dice.randrange(1, 400)))
        note = "".join(dice.choice("abcdefgh") for _ in range(dice.randrange(1, 120)))
        calls = "\t".join(f"{dice.randrange(2)}|{dice.randrange(2)}:{dice.randrange(99)}" for _ in range(3))
        print(f"{name}\t{position}\tid{number}\t{ref}\t{alt}\t.\tPASS\t{info}NOTE={note}\tGT:DP\t{calls}")
