import Glibc

/// A Unix socket's name in the form of the system's calls.
package struct UnixAddress {
    private var address = sockaddr_un()
    private let length: socklen_t

    /// - Parameter name: a path, or with a leading `@` a name in Linux's abstract namespace.
    package init?(_ name: String) {
        var bytes = Array(name.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), !bytes.contains(0),
            bytes.count < MemoryLayout.size(ofValue: self.address.sun_path)
        else { return nil }
        let isAbstract = first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        let header = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: self.address.sun_path)
        // An abstract name ends with the address; a path ends with its NUL.
        self.length = socklen_t(header + bytes.count + (isAbstract ? 0 : 1))
        self.address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &self.address.sun_path) { $0.copyBytes(from: bytes) }
    }

    package mutating func connect(_ descriptor: Int32) -> Bool {
        self.call(Glibc.connect, descriptor)
    }

    package mutating func bind(_ descriptor: Int32) -> Bool {
        self.call(Glibc.bind, descriptor)
    }

    private mutating func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32,
        _ descriptor: Int32
    ) -> Bool {
        withUnsafePointer(to: &self.address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { function(descriptor, $0, self.length) == 0 }
        }
    }
}
