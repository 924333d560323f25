public import NIOCore

/// Two ends in memory that stand for two connected sockets: the way from one of this process's connections to another, without
/// the kernel, its copies and its descriptors.
public enum MemorySocketPair {
    /// Called on the first event loop.
    ///
    /// - Parameter onConnect: gets the second end on its event loop, before anything can be read from it.
    /// - Returns: the first end, unread.
    public static func connect(
        on first: any EventLoop,
        and second: any EventLoop,
        onConnect: @escaping @Sendable (any Channel) -> Void
    ) -> any Channel {
        let (near, far) = (MemorySocket(on: first), MemorySocket(on: second))
        // Each belongs to its loop from here on, and hears nothing from the other before it knows of it.
        second.execute {
            far.other = near
            onConnect(far)
        }
        near.other = far
        return near
    }
}
