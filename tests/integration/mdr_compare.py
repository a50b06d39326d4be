#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Compares tables of combinations by column names: every column of the second must be in the first.
# Numbers of HAVE are those of WANT, rounded to ten digits; only those of the whole table that come of
# logarithms and the like may be off in the ninth.
#
# usage: mdr_compare.py HAVE WANT
#        mdr_compare.py --mirror COUNT HAVE WANT   WANT is of the same variants in reverse order, named
#                                                  rs1000 and on, COUNT of them: each combination has
#                                                  the same figures, and calls trade places

import sys


def rows_of(path):
    with open(path) as file:
        lines = (line.rstrip("\n") for line in file)
        names = next(lines, "").lstrip("#").split("\t")
        for line in lines:
            words = line.split("\t")
            if len(words) != len(names):
                sys.exit(f"{path}: a row of {len(words)} words for {len(names)} columns")
            yield dict(zip(names, words))


NEARLY = {"odds_ratio", "or_low", "or_high", "chi_square", "p", "information_gain"}


def equal(name, have, want):
    if have == want:
        return True
    try:
        have_number, want_number = float(have), float(want)
    except ValueError:
        return False
    if name in NEARLY:
        return abs(have_number - want_number) <= max(1e-9 * abs(want_number), 1e-11)
    return have == f"{want_number:.10g}"


def differ(label, have, want):
    sys.exit(f"{label}: have {have}, want {want}")


def same_order(have, want):
    have, want = list(have), list(want)
    for row, wanted in zip(have, want):
        for name, word in wanted.items():
            if not equal(name, row.get(name, "(none)"), word):
                differ(f"rank {wanted['rank']}, {wanted['id1']} {wanted['id2']}: {name}",
                       row.get(name, "(none)"), word)
    if len(have) != len(want):
        differ("rows", len(have), len(want))
    if not want:
        sys.exit("nothing to compare")


def order_of(row):
    return 3 if "id3" in row else 2


def mirrored(row, count):
    """The figures of a row whose variants stand in reverse order; CVC depends on the order of ties."""
    order = order_of(row)
    names = [f"rs{1000 + count - 1 - (int(row[f'id{n}'][2:]) - 1000)}" for n in range(order, 0, -1)]
    figures = {name: word for name, word in row.items() if name in NEARLY | {"n"} or "_ba" in name}
    cells = row["cells"].split(",")
    figures["cells"] = ",".join(cells[sum(cell // 3 ** n % 3 * 3 ** (order - 1 - n) for n in range(order))]
                                for cell in range(3 ** order))
    return tuple(names), figures


def same_mirrored(have, want, count):
    have = {tuple(row[f"id{n}"] for n in range(1, order_of(row) + 1)): row for row in have}
    seen = 0
    for row in want:
        names, figures = mirrored(row, count)
        seen += 1
        for name, word in figures.items():
            if not equal(name, have[names][name], word):
                differ(f"{names}: {name}", have[names][name], word)
    if seen != len(have) or seen == 0:
        differ("rows", len(have), seen)


def main(arguments):
    if arguments[0] == "--mirror":
        same_mirrored(rows_of(arguments[2]), rows_of(arguments[3]), int(arguments[1]))
    else:
        same_order(rows_of(arguments[0]), rows_of(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
