/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* BGZF block by block through htslib, so that it can go anywhere: files, pipes, object stores. */

#include "config.h"

#include "tools/pipe.h"

#include "base/error.h"

#ifdef HAVE_HTSLIB

#include <htslib/bgzf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#ifdef DP_HTSLIB_SONAME
#include <dlfcn.h>
#endif

/* What a block holds at most: as bgzip does, so that even incompressible bytes fit 64 KiB. */
#define DATA_BYTES  0xff00u
#define BLOCK_BYTES 0x10000u
#define LEVEL       (-1) /* htslib's default */

struct step {
    struct dp_pipe pipe;
    struct dp_pipe *next;
    bool end_block;
    size_t used; /* bytes of `data` */
    unsigned char data[DATA_BYTES];
    unsigned char block[BLOCK_BYTES];
};

static struct step *step_of(struct dp_pipe *pipe)
{
    return (struct step *)pipe;
}

/* The only function of htslib that is needed; NULL while it is not loaded. */
static int (*compress_bgzf)(void *block, size_t *length, const void *data, size_t data_bytes,
                            int level);
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Loading htslib with all it stands on would make every start of the program slower. ISO C has no
 * conversion from an object pointer, POSIX promises that they look the same. */
static void load(void)
{
#ifdef DP_HTSLIB_SONAME
    void *handle = dlopen(DP_HTSLIB_SONAME, RTLD_LAZY | RTLD_LOCAL);
    void *address = handle ? dlsym(handle, "bgzf_compress") : NULL;

    memcpy(&compress_bgzf, &address, sizeof(address));
#else
    compress_bgzf = bgzf_compress;
#endif
}

static int compress_block(void *block, size_t *length, const void *data, size_t data_bytes,
                          struct dp_error *err)
{
    pthread_once(&once, load);
    if (!compress_bgzf)
        return dp_error_set(err, DP_UNSUPPORTED, "htslib could not be loaded for BGZF output");
    *length = BLOCK_BYTES;
    if (compress_bgzf(block, length, data, data_bytes, LEVEL) != 0)
        return dp_error_set(err, DP_IO, "BGZF compression failed");
    return DP_OK;
}

/* Writes one block of what is there; nothing makes the empty block. */
static int put_block(struct step *step, struct dp_error *err)
{
    size_t length;
    int rc = compress_block(step->block, &length, step->data, step->used, err);

    step->used = 0;
    return rc < 0 ? rc : step->next->write(step->next, step->block, length, err);
}

static int write_step(struct dp_pipe *pipe, const void *bytes, size_t length, struct dp_error *err)
{
    struct step *step = step_of(pipe);
    const char *from = bytes;
    size_t part;
    int rc = DP_OK;

    while (length > 0 && rc == DP_OK) {
        part = DATA_BYTES - step->used;
        part = part < length ? part : length;
        memcpy(step->data + step->used, from, part);
        step->used += part;
        from += part;
        length -= part;
        if (step->used == DATA_BYTES)
            rc = put_block(step, err);
    }
    return rc;
}

static int finish_step(struct dp_pipe *pipe, struct dp_error *err)
{
    struct step *step = step_of(pipe);
    int rc = step->used ? put_block(step, err) : DP_OK;

    if (rc >= 0 && step->end_block)
        rc = put_block(step, err);
    return rc < 0 ? rc : step->next->finish(step->next, err);
}

static void close_step(struct dp_pipe *pipe)
{
    struct step *step = step_of(pipe);

    step->next->close(step->next);
    free(step);
}

int dp_pipe_bgzf_open(struct dp_pipe *next, bool end_block, struct dp_pipe **pipe,
                      struct dp_error *err)
{
    struct step *step = malloc(sizeof(*step));

    if (!step)
        return dp_error_no_memory(err);
    step->pipe = (struct dp_pipe){write_step, finish_step, close_step};
    step->next = next;
    step->end_block = end_block;
    step->used = 0;
    *pipe = &step->pipe;
    return DP_OK;
}

int dp_pipe_bgzf_end(dp_write_fn write, void *user, struct dp_error *err)
{
    unsigned char block[BLOCK_BYTES];
    size_t length;
    int rc = compress_block(block, &length, "", 0, err);

    return rc < 0 ? rc : write(user, block, length, err);
}

#else

int dp_pipe_bgzf_open(struct dp_pipe *next, bool end_block, struct dp_pipe **pipe,
                      struct dp_error *err)
{
    (void)next;
    (void)end_block;
    (void)pipe;
    return dp_error_set(err, DP_UNSUPPORTED,
                        "BGZF output is not built in (configure --with-htslib)");
}

int dp_pipe_bgzf_end(dp_write_fn write, void *user, struct dp_error *err)
{
    (void)write;
    (void)user;
    return dp_pipe_bgzf_open(NULL, true, NULL, err);
}

#endif
