/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Text: pieces, kernels and stops do not change what is found, and that is every line. */

#include "index/format/text.h"
#include "tests/fuzz/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ending ending;
    uint64_t lines = 0;
    size_t i;

    if (size < 2)
        return 0;
    ending = demand_pieces_agree(&dp_text, data, size);
    for (i = 2; i < size; i++)
        lines += data[i] == '\n' || i + 1 == size;
    demand(ending.rc == 0 && ending.edge.record == lines && ending.edge.line == lines);
    demand(ending.edge.offset == size - 2);
    free(ending.facts);
    return 0;
}
