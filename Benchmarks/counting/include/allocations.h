#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdint.h>

/// Blocks that this process has asked of malloc so far.
uint64_t allocated_blocks(void);

#endif
