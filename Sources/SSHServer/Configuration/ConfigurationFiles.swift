import SSHSystem
import SSHWire

/// How configuration files are found and read; tests bring their own.
public struct ConfigurationFiles: Sendable {
    /// The whole file.
    public var read: @Sendable (_ path: String) throws -> [UInt8]
    /// The paths that a pattern of glob(7) stands for, in lexical order; none is fine.
    public var glob: @Sendable (_ pattern: String) throws -> [String]

    public init(
        read: @escaping @Sendable (String) throws -> [UInt8],
        glob: @escaping @Sendable (String) throws -> [String]
    ) {
        self.read = read
        self.glob = glob
    }

    /// The files of this machine, up to 16 MiB each.
    public static let system = ConfigurationFiles(
        read: { try BoundedFile(path: $0, limit: 16 << 20).bytes },
        glob: Self.expand
    )

    @Sendable private static func expand(_ pattern: String) throws -> [String] {
        guard let paths = SystemPath.matching(pattern) else {
            throw SSHError(.invalidConfiguration, "\(pattern.escapedForLog) cannot be searched for files")
        }
        return paths
    }
}
