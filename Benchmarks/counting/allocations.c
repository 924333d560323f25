// Counts the blocks that a program asks of malloc, for whoever links it or has it in LD_PRELOAD. ALLOCATIONS in the
// environment names the file that has the counts: 64 numbers, how many blocks of up to 1, 2, 4, 8, ... bytes.
#define _GNU_SOURCE
#include "allocations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { sizes = 64 };

// glibc's own names for what is replaced here.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic uint64_t before_start[sizes];
static _Atomic uint64_t *counts = before_start;

static void count(size_t size) {
    int bits = size > 1 ? 64 - __builtin_clzl(size - 1) : 0;
    atomic_fetch_add_explicit(&counts[bits], 1, memory_order_relaxed);
}

uint64_t allocated_blocks(void) {
    uint64_t total = 0;
    for (int bits = 0; bits < sizes; bits++) total += atomic_load_explicit(&counts[bits], memory_order_relaxed);
    return total;
}

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("ALLOCATIONS");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0 || ftruncate(file, sizeof before_start) < 0) return;
    void *shared = mmap(NULL, sizeof before_start, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared != MAP_FAILED) counts = shared;
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count(size);
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}
