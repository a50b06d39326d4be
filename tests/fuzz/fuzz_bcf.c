/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* BCF: pieces and stops do not change what is found; records lie one behind the other and end where
 * the object does. */

#include "index/format/bcf.h"
#include "tests/fuzz/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ending ending;

    if (size < 2)
        return 0;
    ending = demand_pieces_agree(&dp_bcf, data, size);
    if (ending.rc == 0) {
        demand(ending.edge.offset == size - 2 && ending.edge.line == 0);
        demand(ending.edge.record <= ending.edge.offset / 32);
        demand(ending.previous.offset <= ending.edge.offset);
    }
    free(ending.facts);
    return 0;
}
