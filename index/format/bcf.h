/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#ifndef DP_FORMAT_BCF_H
#define DP_FORMAT_BCF_H

#include "index/format/format.h"

/* The magic, and the length of the text that follows. */
#define DP_BCF_START_BYTES 9u

/* BCF2, variants in binary; see BCF.md. */
extern const struct dp_format dp_bcf;

#endif
