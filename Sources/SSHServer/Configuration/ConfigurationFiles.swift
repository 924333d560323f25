import Glibc
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
        var result = glob_t()
        defer { globfree(&result) }
        switch Glibc.glob(pattern, 0, nil, &result) {
        case 0:
            return (0..<Int(result.gl_pathc)).compactMap { index in
                result.gl_pathv[index].map { String(cString: $0) }
            }
        case GLOB_NOMATCH:
            return []
        default:
            throw SSHError(.invalidConfiguration, "\(pattern.escapedForLog) cannot be searched for files")
        }
    }
}
