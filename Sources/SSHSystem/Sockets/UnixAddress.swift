import Glibc

/// A Unix socket's name in the form of the system's calls.
package struct UnixAddress {
    /// Bytes of the longest path; `sun_path` ends with a NUL.
    package static let maximumLength = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    private var address = sockaddr_un()
    private let length: socklen_t

    /// - Returns: nil for a path that is empty, holds a NUL, or does not fit: the system would cut it.
    package init?(path: String) {
        self.init(bytes: Array(path.utf8), isAbstract: false)
    }

    /// - Parameter name: an absolute path, or with a leading `@` a name in Linux's abstract namespace.
    package init?(_ name: String) {
        let isAbstract = name.utf8.first == UInt8(ascii: "@")
        guard isAbstract || name.utf8.first == UInt8(ascii: "/") else { return nil }
        self.init(bytes: Array(name.utf8), isAbstract: isAbstract)
    }

    private init?(bytes: [UInt8], isAbstract: Bool) {
        guard !bytes.isEmpty, !bytes.contains(0), bytes.count <= Self.maximumLength else { return nil }
        let header = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: self.address.sun_path)
        // An abstract name begins with a NUL and ends with the address; a path ends with its NUL.
        let name = isAbstract ? [0] + bytes.dropFirst() : bytes + [0]
        self.length = socklen_t(header + name.count)
        self.address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &self.address.sun_path) { $0.copyBytes(from: name) }
    }

    /// - Returns: false with the reason in errno.
    package func connect(_ descriptor: Int32) -> Bool { self.call(Glibc.connect, descriptor) }

    /// - Returns: false with the reason in errno.
    package func bind(_ descriptor: Int32) -> Bool { self.call(Glibc.bind, descriptor) }

    private func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32,
        _ descriptor: Int32
    ) -> Bool {
        withUnsafePointer(to: self.address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { function(descriptor, $0, self.length) == 0 }
        }
    }
}
