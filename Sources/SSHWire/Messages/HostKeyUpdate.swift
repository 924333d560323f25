public import NIOCore

/// The fields of hostkeys-00@openssh.com and hostkeys-prove-00@openssh.com, and of the answer to the latter (OpenSSH's
/// PROTOCOL §2.5): strings one after another, which are keys, or signatures in the order of the keys.
public struct HostKeyUpdate: Sendable, Equatable {
    /// Says which keys a server has.
    public static let announcement = "hostkeys-00@openssh.com"
    /// Asks a server to prove that it has them.
    public static let proof = "hostkeys-prove-00@openssh.com"

    public var blobs: [[UInt8]]

    public init(blobs: [[UInt8]]) {
        self.blobs = blobs
    }

    /// - Parameter limit: how many strings there may be.
    /// - Throws: `limitExceeded` if there are more, or what is wrong with the fields.
    public init(_ data: ByteBuffer, limit: Int) throws {
        var reader = WireReader(data)
        self.blobs = []
        while reader.remaining > 0 {
            guard self.blobs.count < limit else { throw SSHError(.limitExceeded, "more than \(limit) host keys") }
            self.blobs.append(try reader.readBytesString())
        }
    }

    public var data: ByteBuffer {
        var writer = WireWriter()
        for blob in self.blobs { writer.writeString(blob) }
        return writer.buffer
    }

    /// What a server signs to prove that it has a key.
    public static func signedBytes(sessionIdentifier: [UInt8], key blob: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.writeText(Self.proof)
        writer.writeString(sessionIdentifier)
        writer.writeString(blob)
        return writer.bytes
    }
}
