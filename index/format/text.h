/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#ifndef DP_FORMAT_TEXT_H
#define DP_FORMAT_TEXT_H

#include "index/format/format.h"

/* Lines of text; see TEXT.md. */
extern const struct dp_format dp_text;

#endif
