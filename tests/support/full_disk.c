/* Makes a disk look full, for tests: preloaded, it lets a process write so many times below a folder, then fails.

   Counted, across forked processes, is every call that asks the disk for room or changes what is on it: writes, a file's growth, new files,
   folders and names, renames, and syncs. From the fatal call on all of them fail; taking room back (unlink, a file cut shorter)
   works, as it does on a full disk, but not on one that became read-only (EROFS). `fault_arm` says after how many calls
   and with which error; `fault_trace` says where each call is written down. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX], last[PATH_MAX];
static long fatal = -1, error_number;
static long *seen;
static int trace = -1;

/* Below `folder`, after `calls` further calls, everything fails with `number`; calls < 0: nothing does. */
void fault_arm(const char *folder, long calls, int number) {
    strncpy(root, folder, sizeof root - 1);
    if (!seen) seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *seen = 0;
    fatal = calls;
    error_number = number;
}

void fault_trace(int fd) { trace = fd; }

long fault_seen(void) { return *seen; }

static int refuse(const char *call, int inside) {
    if (!inside) return 0;
    ++*seen;
    if (trace >= 0) dprintf(trace, "%s %s\n", call, last);
    if (fatal < 0 || *seen <= fatal) return 0;
    errno = (int)error_number;
    return 1;
}

static int below(const char *path) {
    if (!root[0] || !path) return 0;
    if (path[0] == '/') snprintf(last, sizeof last, "%s", path);
    else if (!getcwd(last, sizeof last)) return 0;
    else snprintf(last + strlen(last), sizeof last - strlen(last), "/%s", path);
    return strncmp(last, root, strlen(root)) == 0;
}

static int open_below(int fd) {
    char link[64];
    if (!root[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, last, sizeof last - 1);
    if (length <= 0) return 0;
    last[length] = 0;
    return strncmp(last, root, strlen(root)) == 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t n) {
    return refuse("write", open_below(fd)) ? -1 : REAL(write)(fd, data, n);
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    return refuse("pwrite", open_below(fd)) ? -1 : REAL(pwrite)(fd, data, n, at);
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    return refuse("pwrite64", open_below(fd)) ? -1 : REAL(pwrite64)(fd, data, n, at);
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
    return refuse("writev", open_below(fd)) ? -1 : REAL(writev)(fd, parts, n);
}
static int longer(int fd, off64_t size) {
    struct stat now;
    return fstat(fd, &now) == 0 && size > now.st_size;
}
int ftruncate(int fd, off_t size) {
    return refuse("ftruncate", longer(fd, size) && open_below(fd)) ? -1 : REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    return refuse("ftruncate64", longer(fd, size) && open_below(fd)) ? -1 : REAL(ftruncate64)(fd, size);
}
int fsync(int fd) { return refuse("fsync", open_below(fd)) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return refuse("fdatasync", open_below(fd)) ? -1 : REAL(fdatasync)(fd); }
ssize_t sendfile(int out, int in, off_t *at, size_t n);
ssize_t sendfile(int out, int in, off_t *at, size_t n) {
    return refuse("sendfile", open_below(out)) ? -1 : REAL(sendfile)(out, in, at, n);
}
ssize_t sendfile64(int out, int in, off64_t *at, size_t n);
ssize_t sendfile64(int out, int in, off64_t *at, size_t n) {
    return refuse("sendfile64", open_below(out)) ? -1 : REAL(sendfile64)(out, in, at, n);
}

/* A file that is opened is refused where it would be made, or for a disk that takes no writing at all. */
static int opening(const char *path, int flags) {
    if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT)) return 0;
    if (error_number == EROFS) return below(path);
    return (flags & O_CREAT) && access(path, F_OK) != 0 && below(path);
}
#define OPEN(name)                                                            \
    int name(const char *path, int flags, ...) {                              \
        va_list more;                                                         \
        va_start(more, flags);                                                \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                         \
        return refuse("open", opening(path, flags)) ? -1 : REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
int openat(int folder, const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return refuse("open", opening(path, flags)) ? -1 : REAL(openat)(folder, path, flags, mode);
}
FILE *fopen(const char *path, const char *mode) {
    int flags = mode[0] == 'r' && !strchr(mode, '+') ? O_RDONLY : O_RDWR | (mode[0] == 'r' ? 0 : O_CREAT);
    return refuse("open", opening(path, flags)) ? NULL : REAL(fopen)(path, mode);
}
FILE *fopen64(const char *path, const char *mode) {
    int flags = mode[0] == 'r' && !strchr(mode, '+') ? O_RDONLY : O_RDWR | (mode[0] == 'r' ? 0 : O_CREAT);
    return refuse("open", opening(path, flags)) ? NULL : REAL(fopen64)(path, mode);
}
int mkdir(const char *path, mode_t mode) {
    return refuse("mkdir", below(path) && access(path, F_OK) != 0) ? -1 : REAL(mkdir)(path, mode);
}
int link(const char *from, const char *to) { return refuse("link", below(to)) ? -1 : REAL(link)(from, to); }
int symlink(const char *from, const char *to) { return refuse("symlink", below(to)) ? -1 : REAL(symlink)(from, to); }
int unlink(const char *path) { return refuse("unlink", error_number == EROFS && below(path)) ? -1 : REAL(unlink)(path); }
int rename(const char *from, const char *to) { return refuse("rename", below(to)) ? -1 : REAL(rename)(from, to); }
