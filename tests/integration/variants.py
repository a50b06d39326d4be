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
calling = random.Random(21)
contigs = ["chr1", "chr2", "chrEmpty", "HLA:A*01", "chrM"]
print("##fileformat=VCFv4.2")
print('##FILTER=<ID=PASS,Description="All filters passed">')
for name in contigs:
    print(f"##contig=<ID={name},length=400000000>")
print('##INFO=<ID=END,Number=1,Type=Integer,Description="End, of a <DEL>">')
print('##INFO=<ID=NOTE,Number=1,Type=String,Description="Text, of \\"any\\" length">')
print('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
print('##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">')
print('##FORMAT=<ID=GQ,Number=1,Type=Float,Description="Quality">')
print('##FORMAT=<ID=FT,Number=1,Type=String,Description="Filter, of any length">')
print('##FORMAT=<ID=LS,Number=.,Type=Integer,Description="Numbers, any count of them">')


def more_calls():
    """Further fields of one sample: a number, a text, a list of numbers of any size."""
    text = "x" * calling.choice([1, 3, 14, 15, 16, 200])
    largest = calling.choice([100, 30000, 2000000])
    numbers = [str(calling.randrange(largest)) for _ in range(calling.choice([1, 2, 10, 20]))]
    return calling.choice([f":{calling.randrange(99)}.5:{text}:{','.join(numbers)}", ":.:.:."])


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
        calls = [f"{dice.randrange(2)}|{dice.randrange(2)}:{dice.randrange(99)}" for _ in range(3)]
        fields = "GT:DP"
        if number % 5 == 0:
            calls = [call + more_calls() for call in calls]
            fields = "GT:DP:GQ:FT:LS"
        calls = "\t".join(calls)
        print(f"{name}\t{position}\tid{number}\t{ref}\t{alt}\t.\tPASS\t{info}NOTE={note}\t{fields}\t{calls}")
