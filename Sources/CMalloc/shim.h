#ifndef SSH_RELAY_CMALLOC_SHIM_H
#define SSH_RELAY_CMALLOC_SHIM_H

// Not in Swift's Glibc module.
#include <malloc.h>

#endif
