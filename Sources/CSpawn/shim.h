#ifndef SSH_RELAY_CSPAWN_SHIM_H
#define SSH_RELAY_CSPAWN_SHIM_H

#include <spawn.h>

// GNU extensions, which Swift's Glibc module leaves out.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
int pipe2(int[2], int);

#endif
