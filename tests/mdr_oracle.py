#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The search by brute force, written from mdr/MDR.md alone: every combination of variants of a VCF,
# counted sample by sample, in exact integers and fractions, that are rounded only to be printed. It
# shares no code with the program, is slow, and prints every combination, best first.
#
# usage: mdr_oracle.py --vcf FILE --pheno FILE (--fold-file FILE | --folds F --seed S) [OPTION...]

import argparse
import collections
import fractions
import gzip
import itertools
import math
import struct
import sys

MISSING = None
WORD = (1 << 64) - 1


def lines_of(path):
    """The lines of a text, packed by gzip (or bgzip) or not."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with (gzip.open if packed else open)(path, "rt") as file:
        for line in file:
            yield line.rstrip("\n")


def read_classes(path, zero_one):
    """{ID: 0 or 1} of a two-column file; those without a phenotype are left out."""
    words = {"0": 0, "1": 1} if zero_one else {"1": 0, "2": 1}
    classes = {}
    for line in lines_of(path):
        name, word = line.split("\t")
        if word in words:
            classes[name] = words[word]
    return classes


def read_folds(path):
    """{ID: fold from 0}; the file counts from 1."""
    pairs = (line.split("\t") for line in lines_of(path) if not line.startswith("#"))
    return {name: int(fold) - 1 for name, fold in pairs}


def numbers_of(seed):
    """xoshiro256**, its state filled by splitmix64."""
    state = []
    for _ in range(4):
        seed = seed + 0x9E3779B97F4A7C15 & WORD
        z = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 & WORD
        z = (z ^ z >> 27) * 0x94D049BB133111EB & WORD
        state.append(z ^ z >> 31)

    def rotated(word, bits):
        return (word << bits | word >> 64 - bits) & WORD
    while True:
        a, b, c, d = state
        yield rotated(b * 5 & WORD, 7) * 9 & WORD
        c, d = c ^ a, d ^ b
        state = [a ^ d, b ^ c, c ^ (b << 17 & WORD), rotated(d, 45)]


def deal_folds(classes, names, folds, seed):
    """{ID: fold from 0}, from the IDs, their classes and the seed."""
    numbers = numbers_of(seed)

    def below(bound):
        return next(x for x in numbers if x >= (1 << 64) % bound) % bound
    fold_of, dealt = {}, 0
    for kind in (0, 1):
        chosen = sorted((name for name in names if classes[name] == kind), key=str.encode)
        for n in range(len(chosen) - 1, 0, -1):
            other = below(n + 1)
            chosen[n], chosen[other] = chosen[other], chosen[n]
        for name in chosen:
            fold_of[name] = dealt % folds
            dealt += 1
    return fold_of


def call_of(genotype, allele):
    """How many of the alleles are `allele`; half calls are missing, haploid ones count twice."""
    alleles = genotype.replace("|", "/").split("/")
    if "." in alleles:
        return MISSING
    if len(alleles) == 1:
        alleles = alleles * 2
    return sum(each == str(allele) for each in alleles)


def single(word):
    """The number that a word of DS or GP is, as BCF has it: 32 bits. None for '.'."""
    return None if word == "." else struct.unpack("f", struct.pack("f", float(word)))[0]


def dosage_call(text, allele, certainty):
    """The nearest number of copies, when DS is near enough."""
    values = [single(word) for word in text.split(",")]
    dosage = values[0] if text == "." else values[allele - 1]
    if dosage is None:
        return MISSING
    near = min((0, 1, 2), key=lambda copies: abs(dosage - copies))
    return near if abs(dosage - near) <= 1 - certainty + 1e-6 else MISSING


def probable_call(text, alleles, allele, certainty):
    """The first number of copies that is probable enough by all genotypes which have so many."""
    if text == ".":
        return MISSING
    values = [single(word) for word in text.split(",")]
    if None in values:
        return MISSING
    haploid = len(values) == alleles
    listed = [(one, one) for one in range(alleles)] if haploid else \
        [(low, high) for high in range(alleles) for low in range(high + 1)]
    assert len(listed) == len(values)
    for copies in (0, 1, 2):
        if sum(value for value, pair in zip(values, listed) if pair.count(allele) == copies) >= certainty - 1e-6:
            return copies
    return MISSING


class Variant:
    def __init__(self, fields, alt, allele, columns, args):
        self.chrom, self.position, name, self.ref = fields[:4]
        self.alt = alt
        self.name = name if name != "." else ":".join((self.chrom, self.position, self.ref, alt))
        self.passed = fields[6] in ("PASS", ".")
        self.calls = [MISSING] * len(columns)
        names = fields[8].split(":")
        if args.field not in names:
            return
        at = names.index(args.field)
        for n, column in enumerate(columns):
            words = fields[column].split(":")
            if at >= len(words):
                continue
            if args.field == "GT":
                self.calls[n] = call_of(words[at], allele)
            elif args.field == "DS":
                self.calls[n] = dosage_call(words[at], allele, args.certainty)
            else:
                self.calls[n] = probable_call(words[at], 1 + len(fields[4].split(",")), allele, args.certainty)


def read_variants(path, classes, args):
    """IDs of the samples that are analysed, in the order of the file, and all variants."""
    variants = []
    for line in lines_of(path):
        fields = line.split("\t")
        if line.startswith("##"):
            continue
        if line.startswith("#"):
            columns = [i for i in range(9, len(fields)) if fields[i] in classes]
            samples = [fields[i] for i in columns]
            continue
        alts = fields[4].split(",")
        if alts == ["."] or (len(alts) > 1 and args.multiallelic == "skip"):
            continue
        variants += [Variant(fields, alt, n + 1, columns, args) for n, alt in enumerate(alts)]
    return samples, variants


def hardy_weinberg(counts):
    """The exact test: how probable are calls that are no more probable than these, given the alleles."""
    n, rare = sum(counts), counts[1] + 2 * min(counts[0], counts[2])
    ways = {het: math.factorial(n) * 2 ** het //
            (math.factorial((rare - het) // 2) * math.factorial(het) * math.factorial(n - (rare + het) // 2))
            for het in range(rare % 2, rare + 1, 2)}
    return sum(way for way in ways.values() if way <= ways[counts[1]]) / sum(ways.values())


def stays(variant, classes, args):
    """Is there more than one genotype, and do the filters let it pass?"""
    counts = collections.Counter(variant.calls)
    called = counts[0] + counts[1] + counts[2]
    if args.passed and not variant.passed:
        return False
    if called == 0 or counts[MISSING] / len(variant.calls) > args.max_missing:
        return False
    if sum(counts[call] > 0 for call in (0, 1, 2)) < 2:
        return False
    if (counts[1] + 2 * min(counts[0], counts[2])) / (2 * called) < args.maf:
        return False
    controls = collections.Counter(call for call, kind in zip(variant.calls, classes) if kind == 0)
    return args.hwe == 0 or hardy_weinberg([controls[call] for call in (0, 1, 2)]) >= args.hwe


def balanced_accuracy(true_cases, cases, false_cases, controls):
    if cases == 0 and controls == 0:
        return fractions.Fraction(1, 2)
    if cases == 0:
        return fractions.Fraction(controls - false_cases, controls)
    if controls == 0:
        return fractions.Fraction(true_cases, cases)
    return fractions.Fraction(true_cases * controls + (controls - false_cases) * cases, 2 * cases * controls)


class Combination:
    """Everything about one pair or triple."""

    def __init__(self, numbers, variants, marks, totals, folds):
        """marks: (fold, class) of each sample; totals: (CONTROLS, CASES)."""
        self.numbers = numbers
        order = len(numbers)
        # [fold][class][cell]
        self.counts = [[[0] * 3 ** order for _ in range(2)] for _ in range(folds)]
        seen = collections.Counter(zip(marks, *(variants[i].calls for i in numbers)))
        for (mark, *calls), count in seen.items():
            if MISSING in calls:
                continue
            cell = 0
            for call in calls:
                cell = 3 * cell + call
            self.counts[mark[0]][mark[1]][cell] += count
        self.whole = [[sum(fold[kind][cell] for fold in self.counts) for cell in range(3 ** order)]
                      for kind in range(2)]
        self.n = sum(map(sum, self.whole))
        self.train, self.test = [], []
        for fold in range(folds):
            self.judge(self.counts[fold], totals)
        self.mean_train = self.mean(self.train)
        self.mean_test = self.mean(self.test)
        self.cvc = 0

    @staticmethod
    def mean(accuracies):
        return sum(accuracies) / len(accuracies)

    def judge(self, tested, totals):
        """Balanced accuracies of one fold, whose own samples are `tested`."""
        train, test = [0, 0, 0, 0], [0, 0, 0, 0]  # TP, C, FP, D
        for cell in range(len(tested[0])):
            test_controls, test_cases = tested[0][cell], tested[1][cell]
            controls, cases = self.whole[0][cell] - test_controls, self.whole[1][cell] - test_cases
            high = controls + cases > 0 and cases * totals[0] >= controls * totals[1]
            for sums, p, q in ((train, cases, controls), (test, test_cases, test_controls)):
                sums[0] += p * high
                sums[1] += p
                sums[2] += q * high
                sums[3] += q
        self.train.append(balanced_accuracy(*train))
        self.test.append(balanced_accuracy(*test))


def information(cells, kept):
    """What the calls at the positions `kept` of each cell tell about the class, in bits; cells:
    {calls: (controls, cases)}."""
    joint = collections.Counter()
    for calls, counts in cells.items():
        for kind in range(2):
            joint[tuple(calls[i] for i in kept), kind] += counts[kind]
    n = sum(joint.values())
    calls_alone, class_alone = collections.Counter(), collections.Counter()
    for (calls, kind), count in joint.items():
        calls_alone[calls] += count
        class_alone[kind] += count
    return sum(count / n * math.log2(count * n / (calls_alone[calls] * class_alone[kind]))
               for (calls, kind), count in joint.items() if count)


def information_gain(cells, kept):
    """What they tell together, less what any of fewer of them do."""
    gain = information(cells, kept)
    for size in range(1, len(kept)):
        for some in itertools.combinations(kept, size):
            gain -= information_gain(cells, some)
    return gain


def figures(found, totals):
    """Of all samples, whatever their fold: odds ratio and its interval, chi-square, p, information
    gain and the cells as text."""
    controls, cases = found.whole
    high = [q + p > 0 and p * totals[0] >= q * totals[1] for q, p in zip(controls, cases)]
    text = ",".join(f"{p}/{q}{'LH'[label]}" for q, p, label in zip(controls, cases, high))
    a, c = (sum(p for p, label in zip(cases, high) if label == side) for side in (True, False))
    b, d = (sum(q for q, label in zip(controls, high) if label == side) for side in (True, False))
    row = ["NA"] * 5
    if 0 not in (a + b, c + d, a + c, b + d):
        chi_square = (a + b + c + d) * (a * d - b * c) ** 2 / ((a + b) * (c + d) * (a + c) * (b + d))
        half = 0.5 if 0 in (a, b, c, d) else 0
        a, b, c, d = (count + half for count in (a, b, c, d))
        odds, error = a * d / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        row = [odds, odds * math.exp(-1.959963984540054 * error), odds * math.exp(1.959963984540054 * error),
               chi_square, math.erfc(math.sqrt(chi_square / 2))]
    order = len(found.numbers)
    cells = dict(zip(itertools.product(range(3), repeat=order), zip(controls, cases)))
    gain = information_gain(cells, tuple(range(order))) if found.n else "NA"
    return row + [gain, text]


def search(variants, order, marks, totals, folds):
    """All combinations, best first, each with its cross-validation consistency."""
    found = [Combination(numbers, variants, marks, totals, folds)
             for numbers in itertools.combinations(range(len(variants)), order)]
    for fold in range(folds):
        best = min(found, key=lambda each: (-each.train[fold], each.numbers))
        best.cvc += 1
    return sorted(found, key=lambda each: (-each.mean_test, each.numbers))


def arguments():
    options = argparse.ArgumentParser(description="every combination by brute force")
    options.add_argument("--vcf", required=True)
    options.add_argument("--pheno", required=True)
    options.add_argument("--fold-file")
    options.add_argument("--folds", type=int, default=5)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--write-folds")
    options.add_argument("--order", type=int, default=2)
    options.add_argument("--threshold", type=fractions.Fraction, default=fractions.Fraction(0))
    options.add_argument("--01", dest="zero_one", action="store_true")
    options.add_argument("--pass", dest="passed", action="store_true")
    options.add_argument("--maf", type=float, default=0.0)
    options.add_argument("--max-missing", type=float, default=1.0)
    options.add_argument("--hwe", type=float, default=0.0)
    options.add_argument("--multiallelic", default="split")
    options.add_argument("--field", default="GT")
    options.add_argument("--certainty", type=float, default=0.9)
    return options.parse_args()


def main():
    args = arguments()
    classes = read_classes(args.pheno, args.zero_one)
    samples, variants = read_variants(args.vcf, classes, args)
    if args.fold_file:
        fold_of = read_folds(args.fold_file)
    else:
        fold_of = deal_folds(classes, samples, args.folds, args.seed)
    if args.write_folds:
        with open(args.write_folds, "w") as file:
            file.writelines(f"{name}\t{fold_of[name] + 1}\n" for name in sorted(samples, key=str.encode))
    kinds = [classes[name] for name in samples]
    variants = [variant for variant in variants if stays(variant, kinds, args)]
    marks = [(fold_of[name], classes[name]) for name in samples]
    totals = tuple(sum(kind == wanted for _, kind in marks) for wanted in range(2))
    folds = 1 + max(fold for fold, _ in marks)
    found = search(variants, args.order, marks, totals, folds)
    report([each for each in found if each.mean_test >= args.threshold], len(found[0].train), args.order, variants,
           totals)


def report(found, folds, order, variants, totals):
    numbers = range(1, order + 1)
    names = [f"id{n}" for n in numbers]
    names += [f"{what}{n}" for n in numbers for what in ("chrom", "pos")]
    names += ["train_ba", "test_ba", "cvc"]
    names += [f"{what}_ba_{fold}" for fold in range(1, folds + 1) for what in ("train", "test")]
    names += [f"{what}{n}" for n in numbers for what in ("ref", "alt")]
    names += "n odds_ratio or_low or_high chi_square p information_gain cells".split()
    print("rank", *names, sep="\t")
    for rank, each in enumerate(found, 1):
        chosen = [variants[i] for i in each.numbers]
        row = [variant.name for variant in chosen]
        row += [word for variant in chosen for word in (variant.chrom, variant.position)]
        row += [float(each.mean_train), float(each.mean_test), each.cvc]
        row += [float(figure) for pair in zip(each.train, each.test) for figure in pair]
        row += [word for variant in chosen for word in (variant.ref, variant.alt)]
        print(rank, *row, each.n, *figures(each, totals), sep="\t")


if __name__ == "__main__":
    sys.exit(main())
