/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A line of a manifest: whatever is in it, parsing ends, and what is accepted is written the same
 * way twice. Lines that are JSON are tried as they are and with a checksum that fits. */

#include "dataplug.h"
#include "tests/slice_recheck.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *line, size_t length)
{
    struct dp_slice *slice, *second;
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    char *text, *again;

    if (dp_slice_parse(line, length, &slice, NULL) != 0)
        return;
    dp_slice_info(slice, &info);
    if (dp_slice_format(slice, &text, NULL) != 0 ||
        dp_slice_parse(text, strlen(text), &second, NULL) != 0 ||
        dp_slice_format(second, &again, NULL) != 0 || strcmp(text, again) != 0)
        abort();
    dp_text_free(text);
    dp_text_free(again);
    dp_slice_free(slice);
    dp_slice_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *root = json_loadb((const char *)data, size, 0, NULL);
    char *text;

    parse((const char *)data, size);
    if (json_is_object(root)) {
        text = slice_recheck(root);
        parse(text, strlen(text));
        free(text);
    }
    json_decref(root);
    return 0;
}
