#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# A VCF whose calls are dosages (DS) and probabilities (GP), as sure and as doubtful as imputed ones
# are, with everything that VCF allows of them: several alternate alleles, haploids, missing values,
# fields in any order, left out at the end of a column or by a whole record.
#
# usage: mdr_dosages.py SAMPLES VARIANTS SEED >OUT.vcf (the samples are p0, p1, ...)

import random
import sys

FIELDS = (("GT", 1, "String"), ("DS", "A", "Float"), ("GP", "G", "Float"), ("DP", 1, "Integer"))


def genotypes(alleles, ploidy):
    """How many copies of each allele, in the order in which VCF lists genotypes."""
    if ploidy == 1:
        return [tuple(int(each == one) for each in range(alleles)) for one in range(alleles)]
    return [tuple((each == low) + (each == high) for each in range(alleles))
            for high in range(alleles) for low in range(high + 1)]


def shares(random_of, count):
    """Probabilities of `count` genotypes: mostly one of them is nearly certain."""
    weights = [random_of.random() for _ in range(count)]
    weights[random_of.randrange(count)] += random_of.choice((0, 3, 8, 9, 30, 1000)) * count
    return [weight / sum(weights) for weight in weights]


def text_of(random_of, number):
    return random_of.choice((f"{number:.3g}", f"{number:.2f}", f"{number:.6f}", f"{number:.1f}", f"{number:.2e}"))


def column(random_of, alleles, fields):
    ploidy = 1 if random_of.random() < 0.06 else 2
    listed = genotypes(alleles, ploidy)
    probabilities = shares(random_of, len(listed))
    dosages = [sum(share * copies[allele] * 2 / ploidy for share, copies in zip(probabilities, listed))
               for allele in range(1, alleles)]
    likeliest = listed[probabilities.index(max(probabilities))]
    words = {
        "GT": "/".join(str(allele) for allele, copies in enumerate(likeliest) for _ in range(copies)),
        "DS": ",".join(text_of(random_of, dosage) for dosage in dosages),
        "GP": ",".join(text_of(random_of, share) for share in probabilities),
        "DP": str(random_of.randrange(60)),
    }
    if random_of.random() < 0.05:
        words["DS"] = "."
    if random_of.random() < 0.05:
        words["GP"] = "."
    elif random_of.random() < 0.03:
        words["GP"] = ".," + words["GP"].partition(",")[2]
    kept = fields[:random_of.randrange(1, len(fields) + 1)] if random_of.random() < 0.05 else fields
    return ":".join(words[name] for name in kept)


def main(samples, variants, seed):
    random_of = random.Random(seed)
    print("##fileformat=VCFv4.3\n##contig=<ID=1>")
    for name, number, kind in FIELDS:
        print(f'##FORMAT=<ID={name},Number={number},Type={kind},Description="x">')
    print("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT",
          *(f"p{i}" for i in range(samples)), sep="\t")
    for site in range(variants):
        alleles = 3 if site % 7 == 3 else 2
        fields = ["DS", "GP", "DP"]
        random_of.shuffle(fields)
        if site % 3:
            fields = ["GT"] + fields
        if site % 11 == 5:
            fields = ["GT", "DP"]
        print(1, 1000 + 10 * site, f"rs{site}", "A", ",".join("CG"[:alleles - 1]), ".", "PASS", ".",
              ":".join(fields), *(column(random_of, alleles, fields) for _ in range(samples)), sep="\t")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
