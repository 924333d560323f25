import CMalloc

/// How this process asks the system for memory.
public enum ProcessMemory {
    /// Blocks up to this size come out of the heap.
    private static let largestHeapBlock: Int32 = 4 * 1024 * 1024

    /// For programs that move bytes: call it before anything else.
    ///
    /// Left to itself, glibc gives the buffers of one read back to the system and takes them again for the next, and every page
    /// of them is then a fault.
    ///
    /// - Parameter count: bytes of freed memory at the end of a heap that are kept for the next read or write. There is a heap for
    ///   each thread.
    public static func keepForReuse(_ count: Int32) {
        // A refusal leaves things as they were: slower, not wrong.
        _ = mallopt(M_MMAP_THRESHOLD, Self.largestHeapBlock)
        _ = mallopt(M_TRIM_THRESHOLD, count)
    }

    /// Gives free memory back to the system, from wherever it lies between what is in use. It takes milliseconds for a large heap,
    /// and memory that is needed again has to be asked for again: for after a peak, not for every day.
    public static func giveBackUnused() {
        _ = malloc_trim(0)
    }
}
