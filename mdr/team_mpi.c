/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* MPI calls come from the main thread, but for `take` and `poke`, which come from any, one at a
 * time while the main thread calls no other. */

#include "config.h"

#include "mdr/team_mpi.h"

#include "base/array.h"
#include "mdr/team_kind.h"

#include <errno.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Messages are cut into pieces of this many bytes: MPI counts them in an int. */
static const size_t piece_bytes = (size_t)1 << 30;

enum { GATHER_TAG = 1, MEMORY_ALIGNMENT = 64 };

struct ranks {
    struct dp_mdr_team team;
    MPI_Comm world, node;
    MPI_Win counter;         /* of rank 0: a uint64_t that all ranks add to */
    uint64_t *counted;       /* rank 0's own view of it */
    struct dp_array windows; /* MPI_Win: the node's memory */
};

static struct ranks *ranks_of(struct dp_mdr_team *team)
{
    return (struct ranks *)team;
}

/* ------------------------------------------------------------------------------- agreement */

/* What the rank that speaks for all of them has to say. */
struct verdict {
    int code;
    struct dp_error error;
};

static int agree(struct dp_mdr_team *team, int code, struct dp_error *err)
{
    MPI_Comm world = ranks_of(team)->world;
    uint64_t size = team->size, mine = 2 * size, first;
    struct verdict verdict = {.code = code};

    if (code < 0) /* who was only told to stop comes after all others */
        mine = code == DP_CANCELLED ? size + team->rank : team->rank;
    MPI_Allreduce(&mine, &first, 1, MPI_UINT64_T, MPI_MIN, world);
    if (first == 2 * size)
        return DP_OK;
    if (first == mine && err)
        verdict.error = *err;
    MPI_Bcast(&verdict, sizeof(verdict), MPI_BYTE, (int)(first % size), world);
    if (err)
        *err = verdict.error;
    return verdict.code;
}

/* ------------------------------------------------------------------------------ node memory */

static void node_wait(struct dp_mdr_team *team)
{
    struct ranks *ranks = ranks_of(team);
    MPI_Win *windows = ranks->windows.data;
    size_t i;

    for (i = 0; i < ranks->windows.length; i++)
        MPI_Win_sync(windows[i]);
    MPI_Barrier(ranks->node);
    for (i = 0; i < ranks->windows.length; i++)
        MPI_Win_sync(windows[i]);
}

static void node_gather(struct dp_mdr_team *team, uint64_t value, uint64_t *values)
{
    MPI_Allgather(&value, 1, MPI_UINT64_T, values, 1, MPI_UINT64_T, ranks_of(team)->node);
}

static int no_room(struct dp_error *err, size_t bytes)
{
    return dp_error_set(err, DP_NO_MEMORY,
                        "the machine has no %zu bytes of memory that processes can share (is "
                        "/dev/shm too small?)",
                        bytes);
}

/* Where the libraries keep the memory of a node there must be room for it beforehand: without, Open
 * MPI fails in one rank and waits for ever in the others. It can be told to use another folder. */
static int look_for_room(size_t bytes, struct dp_error *err)
{
    const char *folder = getenv("OMPI_MCA_osc_sm_backing_directory");
    struct statvfs place;

    if (statvfs(folder ? folder : "/dev/shm", &place) == 0 &&
        bytes / place.f_frsize + 256 > place.f_bavail)
        return no_room(err, bytes);
    return DP_OK;
}

/* Touches this rank's part of new shared memory, so that it lies near the processor that will
 * mostly write it, and clears it. A file system of the memory that is full shows here, as an error
 * instead of a signal at the first access. */
static int touch(struct dp_mdr_team *team, char *memory, size_t bytes, struct dp_error *err)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    size_t part = bytes / team->node_size, begin = part * team->node_rank;
    size_t end = team->node_rank + 1 == team->node_size ? bytes : begin + part;

#ifdef MADV_POPULATE_WRITE
    uintptr_t first = (uintptr_t)(memory + begin) / page * page;
    uintptr_t last = ((uintptr_t)(memory + end) + page - 1) / page * page;

    if (begin < end && madvise((void *)first, last - first, MADV_POPULATE_WRITE) < 0 &&
        errno != EINVAL) /* kernels before 5.14 do not know it */
        return no_room(err, bytes);
#else
    (void)page;
    (void)err;
#endif
    memset(memory + begin, 0, end - begin);
    return DP_OK;
}

/* Makes a window of the node's memory and adds it to `windows`, which have room for it. */
static int new_window(struct ranks *ranks, size_t bytes, char **base, struct dp_error *err)
{
    MPI_Aint length = ranks->team.node_rank == 0 ? (MPI_Aint)(bytes + MEMORY_ALIGNMENT) : 0;
    MPI_Win window = MPI_WIN_NULL;
    int unit, result;

    MPI_Comm_set_errhandler(ranks->node, MPI_ERRORS_RETURN);
    result = MPI_Win_allocate_shared(length, 1, MPI_INFO_NULL, ranks->node, base, &window);
    MPI_Comm_set_errhandler(ranks->node, MPI_ERRORS_ARE_FATAL);
    result = agree(&ranks->team, result == MPI_SUCCESS ? DP_OK : no_room(err, bytes), err);
    if (result < 0)
        return result;
    MPI_Win_set_errhandler(window, MPI_ERRORS_ARE_FATAL);
    MPI_Win_shared_query(window, 0, &length, &unit, base);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
    dp_array_append(&ranks->windows, &window, 1, sizeof(window)); /* room was reserved */
    return DP_OK;
}

static int memory(struct dp_mdr_team *team, size_t bytes, void **given, struct dp_error *err)
{
    struct ranks *ranks = ranks_of(team);
    uint64_t offset;
    char *base;
    int result = DP_OK;

    if (bytes > PTRDIFF_MAX - MEMORY_ALIGNMENT)
        result = no_room(err, bytes);
    else if (!dp_array_reserve(&ranks->windows, 1, sizeof(MPI_Win)))
        result = dp_error_no_memory(err);
    else if (team->node_rank == 0)
        result = look_for_room(bytes, err);
    result = agree(team, result, err);
    if (result == DP_OK)
        result = new_window(ranks, bytes, &base, err);
    if (result < 0)
        return result;
    /* Mapped at other addresses in each process, but never at other places in a page. */
    offset = (0 - (uint64_t)(uintptr_t)base) % MEMORY_ALIGNMENT;
    MPI_Bcast(&offset, 1, MPI_UINT64_T, 0, ranks->node);
    result = touch(team, base + offset, bytes, err);
    node_wait(team);
    result = agree(team, result, err);
    if (result == DP_OK)
        *given = base + offset;
    return result;
}

/* ------------------------------------------------------------------------------ the counter */

static void reset(struct dp_mdr_team *team)
{
    struct ranks *ranks = ranks_of(team);
    uint64_t zero = 0, was;

    MPI_Barrier(ranks->world);
    if (team->rank == 0) {
        MPI_Fetch_and_op(&zero, &was, MPI_UINT64_T, 0, 0, MPI_REPLACE, ranks->counter);
        MPI_Win_flush(0, ranks->counter);
    }
    MPI_Barrier(ranks->world);
}

static uint64_t take(struct dp_mdr_team *team, uint64_t count)
{
    struct ranks *ranks = ranks_of(team);
    uint64_t was = 0;

    MPI_Fetch_and_op(&count, &was, MPI_UINT64_T, 0, 0, MPI_SUM, ranks->counter);
    MPI_Win_flush(0, ranks->counter);
    return was;
}

/* Where the network does not reach into memory by itself, rank 0 must call MPI for others to get at
 * the counter; it may be long before it asks for itself. */
static void poke(struct dp_mdr_team *team)
{
    int flag;

    if (team->rank == 0 && team->size > 1)
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, ranks_of(team)->world, &flag, MPI_STATUS_IGNORE);
}

/* -------------------------------------------------------------------------------- transfers */

static void broadcast(struct dp_mdr_team *team, void *bytes, size_t length)
{
    char *at = bytes;

    while (length) {
        size_t piece = length < piece_bytes ? length : piece_bytes;

        MPI_Bcast(at, (int)piece, MPI_BYTE, 0, ranks_of(team)->world);
        at += piece;
        length -= piece;
    }
}

static void send_to_first(struct ranks *ranks, const char *bytes, size_t length)
{
    while (length) {
        size_t piece = length < piece_bytes ? length : piece_bytes;

        MPI_Send(bytes, (int)piece, MPI_BYTE, 0, GATHER_TAG, ranks->world);
        bytes += piece;
        length -= piece;
    }
}

static void receive(struct ranks *ranks, int from, char *bytes, size_t length)
{
    while (length) {
        size_t piece = length < piece_bytes ? length : piece_bytes;

        MPI_Recv(bytes, (int)piece, MPI_BYTE, from, GATHER_TAG, ranks->world, MPI_STATUS_IGNORE);
        bytes += piece;
        length -= piece;
    }
}

/* Room for what each rank will send. */
static int make_parts(struct ranks *ranks, const uint64_t *lengths, struct dp_mdr_team_part **parts,
                      struct dp_error *err)
{
    struct dp_mdr_team_part *made = calloc(ranks->team.size, sizeof(*made));
    unsigned rank;

    if (!made)
        return dp_error_no_memory(err);
    *parts = made;
    for (rank = 0; rank < ranks->team.size; rank++) {
        made[rank].length = (size_t)lengths[rank];
        made[rank].bytes = malloc(made[rank].length + 1);
        if (!made[rank].bytes)
            return dp_error_no_memory(err);
    }
    return DP_OK;
}

static int gather(struct dp_mdr_team *team, const void *bytes, size_t length,
                  struct dp_mdr_team_part **parts, struct dp_error *err)
{
    struct ranks *ranks = ranks_of(team);
    struct dp_mdr_team_part *made = NULL;
    uint64_t mine = length, *lengths = NULL;
    unsigned rank;
    int result;

    if (team->rank == 0)
        lengths = calloc(team->size, sizeof(*lengths));
    result = agree(team, team->rank || lengths ? DP_OK : dp_error_no_memory(err), err);
    if (result < 0)
        return result;
    MPI_Gather(&mine, 1, MPI_UINT64_T, lengths, 1, MPI_UINT64_T, 0, ranks->world);
    if (team->rank == 0)
        result = make_parts(ranks, lengths, &made, err);
    free(lengths);
    result = agree(team, result, err);
    if (result < 0) {
        dp_mdr_team_parts_free(team, made);
        return result;
    }
    if (team->rank > 0)
        send_to_first(ranks, bytes, length);
    else if (length)
        memcpy(made[0].bytes, bytes, length);
    for (rank = 1; made && rank < team->size; rank++)
        receive(ranks, (int)rank, made[rank].bytes, made[rank].length);
    *parts = made;
    return DP_OK;
}

/* -------------------------------------------------------------------------- begin and end */

static void free_ranks(struct dp_mdr_team *team)
{
    struct ranks *ranks = ranks_of(team);
    MPI_Win *windows = ranks->windows.data;
    size_t i;

    for (i = 0; i < ranks->windows.length; i++) {
        MPI_Win_unlock_all(windows[i]);
        MPI_Win_free(&windows[i]);
    }
    dp_array_free(&ranks->windows);
    MPI_Win_unlock_all(ranks->counter);
    MPI_Win_free(&ranks->counter);
    MPI_Comm_free(&ranks->node);
    MPI_Comm_free(&ranks->world);
    free(ranks);
}

static const struct dp_mdr_team_ops ops = {
    agree, memory, node_wait, node_gather, reset, take, poke, broadcast, gather, free_ranks,
};

/* Ranks that leave before the end leave together: the same arguments fail in all of them. */
static void end_mpi(void)
{
    int ended = 0;

    MPI_Finalized(&ended);
    if (!ended)
        MPI_Finalize();
}

/* The communicators: a number of each rank in all of them and in its node. */
static void find_ranks(struct ranks *ranks)
{
    struct dp_mdr_team *team = &ranks->team;
    int rank, size, node_rank, node_size;

    MPI_Comm_dup(MPI_COMM_WORLD, &ranks->world);
    MPI_Comm_rank(ranks->world, &rank);
    MPI_Comm_size(ranks->world, &size);
    MPI_Comm_split_type(ranks->world, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &ranks->node);
    MPI_Comm_rank(ranks->node, &node_rank);
    MPI_Comm_size(ranks->node, &node_size);
    team->rank = (unsigned)rank;
    team->size = (unsigned)size;
    team->node_rank = (unsigned)node_rank;
    team->node_size = (unsigned)node_size;
}

/* A program of one MPI under the launcher of another one finds itself alone, so many times: all
 * would do the same work and write the same files. */
static int check_start(int size, struct dp_error *err)
{
    static const char *const counts[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                                         "SLURM_STEP_NUM_TASKS"};
    const char *count = NULL;
    size_t i;

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]) && !count; i++)
        count = getenv(counts[i]);
    if (size > 1 || !count || atoi(count) < 2)
        return DP_OK;
    return dp_error_set(
        err, DP_INVALID,
        "started %s times, but each alone: this program is for %s; take its mpirun, "
        "or another --mpi of srun",
        count, dp_mdr_team_mpi_library());
}

int dp_mdr_team_mpi(int *argc, char ***argv, struct dp_mdr_team **team, struct dp_error *err)
{
    struct ranks *ranks;
    int level, size, rc;

    MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &level);
    atexit(end_mpi);
    if (level < MPI_THREAD_SERIALIZED)
        return dp_error_set(err, DP_UNSUPPORTED, "%s cannot be called from threads",
                            dp_mdr_team_mpi_library());
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    rc = check_start(size, err);
    if (rc < 0)
        return rc;
    ranks = calloc(1, sizeof(*ranks));
    if (!ranks)
        return dp_error_no_memory(err);
    ranks->team.ops = &ops;
    pthread_mutex_init(&ranks->team.lock, NULL);
    find_ranks(ranks);
    MPI_Win_allocate(ranks->team.rank == 0 ? sizeof(uint64_t) : 0, sizeof(uint64_t), MPI_INFO_NULL,
                     ranks->world, &ranks->counted, &ranks->counter);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, ranks->counter);
    *team = &ranks->team;
    return DP_OK;
}

const char *dp_mdr_team_mpi_library(void)
{
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;

    MPI_Get_library_version(text, &length);
    text[strcspn(text, "\n")] = '\0';
    text[strcspn(text, "\t")] = ' ';
    return text;
}
