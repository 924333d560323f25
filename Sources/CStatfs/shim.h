#ifndef SSH_RELAY_CSTATFS_SHIM_H
#define SSH_RELAY_CSTATFS_SHIM_H

// Not in Swift's Glibc module.
#include <sys/vfs.h>

#endif
