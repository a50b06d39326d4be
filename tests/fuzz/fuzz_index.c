/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* An index file with any bytes, as it is and with checksums that fit: opening, asking, describing,
 * checking and planning from it end, whatever it says. */

#include "tests/index_answers.h"
#include "tests/index_recheck.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct dp_context *context;
static struct dp_object *object; /* not the indexed one: verifying against it must fail softly */
static char path[256];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void remove_file(void)
{
    unlink(path);
}

static void start(void)
{
    static const char some[] = "@r\nACGT\n+\nIIII\n";

    if (dp_context_new(NULL, &context, NULL) != 0 ||
        dp_object_open_memory(context, some, sizeof(some) - 1, &object, NULL) != 0)
        abort();
    snprintf(path, sizeof(path), "%s/fuzz-index-%ld",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    atexit(remove_file);
}

static void try_file(const uint8_t *data, size_t size)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .part_count = 3};
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_index *index;
    struct dp_plan *plan;
    char *text;
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    if (dp_index_open(context, path, &index, NULL) != 0)
        return;
    index_answers(index);
    dp_index_info(index, &info);
    if (dp_index_describe(index, &text, NULL) == 0)
        dp_text_free(text);
    dp_index_verify(context, index, object, 0, 1, NULL);
    dp_index_verify(context, index, object, 1, 1, NULL);
    if (dp_plan_new(index, object, &options, &plan, NULL) == 0)
        dp_plan_free(plan);
    dp_index_free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    if (!copy)
        abort();
    if (!context)
        start();
    try_file(data, size);
    memcpy(copy, data, size);
    index_recheck(copy, size);
    try_file(copy, size);
    free(copy);
    return 0;
}
