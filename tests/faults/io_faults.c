/* Faults in a process's file calls, for tests: preloaded, it counts the calls that touch files under
 * DWLAB_FAULT_ROOT and does at the k-th what DWLAB_FAULT says:
 *   fail:K:ENOSPC      that call fails       fail:K:ENOSPC:on   so does every later one
 *   kill:K:before      SIGKILL instead of the call        kill:K:after   SIGKILL once it was done
 *   torn:K             half of what it writes, then SIGKILL
 * DWLAB_FAULT_LOG names a file that gets a line "K CALL PATH" per call. A forked child reads all anew. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pid_t owner;
static long calls, target;
static const char *root;
static int log_fd, failure, forever, kill_before, kill_after, torn;

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void read_orders(void) {
    const char *fault = getenv("DWLAB_FAULT"), *log = getenv("DWLAB_FAULT_LOG");
    char kind[8] = "", what[16] = "", more[8] = "";
    owner = getpid();
    root = getenv("DWLAB_FAULT_ROOT");
    calls = target = 0;
    log_fd = log ? REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fault) sscanf(fault, "%7[a-z]:%ld:%15[A-Za-z]:%7[a-z]", kind, &target, what, more);
    failure = strcmp(kind, "fail") ? 0 : !strcmp(what, "EIO") ? EIO : ENOSPC;
    forever = !strcmp(more, "on");
    kill_before = !strcmp(what, "before");
    kill_after = !strcmp(what, "after");
    torn = !strcmp(kind, "torn");
}

/* Counts a call; true when it must fail (errno is set). *here: whether it is the k-th. */
static int fails(const char *name, const char *path, int *here) {
    char line[PATH_MAX + 64];
    *here = 0;
    if (owner != getpid()) read_orders();
    if (!root || !path || strncmp(path, root, strlen(root))) return 0;
    long k = __sync_add_and_fetch(&calls, 1);
    if (log_fd >= 0) {
        int size = snprintf(line, sizeof line, "%ld %s %s\n", k, name, path);
        if (REAL(write)(log_fd, line, size) < 0) abort();
    }
    *here = k == target;
    if (*here && (kill_before || (torn && !strstr(name, "write")))) die();
    if (!failure || !(*here || (forever && k > target))) return 0;
    if (forever && failure == ENOSPC && !strcmp(name, "unlink")) return 0; /* a full disk lets go of files */
    errno = failure;
    return 1;
}

static int fd_fails(const char *name, int fd, int *here) {
    char link[64], path[PATH_MAX];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = kept;
    path[size > 0 ? size : 0] = 0;
    return fails(name, path, here);
}

#define AROUND(type, failed, call)                 \
    if (failed) return -1;                         \
    type result = call;                            \
    if (here && kill_after) die();                 \
    return result;

#define WRITES(name, arguments, whole, half)       \
    ssize_t name arguments {                       \
        int here, failed = fd_fails(#name, fd, &here); \
        if (here && torn) { if (REAL(name) half < 0) abort(); die(); } \
        AROUND(ssize_t, failed, REAL(name) whole)  \
    }

WRITES(write, (int fd, const void *data, size_t size), (fd, data, size), (fd, data, size / 2))
WRITES(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), (fd, data, size / 2, at))
WRITES(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), (fd, data, size / 2, at))

#define ON_FD(name, arguments, whole) \
    int name arguments { int here, failed = fd_fails(#name, fd, &here); AROUND(int, failed, REAL(name) whole) }
#define ON_PATH(name, label, arguments, whole) \
    int name arguments { int here, failed = fails(label, path, &here); AROUND(int, failed, REAL(name) whole) }

ON_FD(fsync, (int fd), (fd))
ON_FD(fdatasync, (int fd), (fd))
ON_FD(ftruncate, (int fd, off_t size), (fd, size))
ON_FD(ftruncate64, (int fd, off64_t size), (fd, size))
ON_PATH(rename, "rename", (const char *from, const char *path), (from, path))
ON_PATH(renameat, "rename", (int a, const char *from, int b, const char *path), (a, from, b, path))
ON_PATH(unlink, "unlink", (const char *path), (path))
ON_PATH(unlinkat, "unlink", (int at, const char *path, int flags), (at, path, flags))
ON_PATH(mkdir, "mkdir", (const char *path, mode_t mode), (path, mode))

/* Opening counts where it can make or empty a file. */
#define OPENS(name, arguments, whole)                                                         \
    int name arguments {                                                                      \
        int here = 0, failed = 0;                                                             \
        va_list more;                                                                         \
        va_start(more, flags);                                                                \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;             \
        va_end(more);                                                                         \
        if (flags & (O_CREAT | O_TRUNC)) failed = fails("open", path, &here);                 \
        AROUND(int, failed, REAL(name) whole)                                                 \
    }

OPENS(open, (const char *path, int flags, ...), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENS(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
OPENS(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))
