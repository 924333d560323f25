#ifndef SSH_RELAY_CSPAWN_SHIM_H
#define SSH_RELAY_CSPAWN_SHIM_H

#include <spawn.h>
#include <sys/prctl.h>

// GNU extensions, which Swift's Glibc module leaves out.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
int pipe2(int[2], int);

// prctl(2) has a variable number of arguments, which Swift cannot pass. What the calling thread starts from now on gets none of the
// capabilities that a service manager has given to this process.
static inline int clear_ambient_capabilities(void) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L);
}

#endif
