import Testing

@testable import SSHServer

/// Lines of authorized_keys files.
enum KeyFixture {
    static let type = "ssh-ed25519"
    /// An ed25519 key of 32 zero bytes, and one whose last byte is 1.
    static let encoded = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static let otherEncoded = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"
    static let blob: [UInt8] =
        [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32] + Array(repeating: 0, count: 32)

    static func line(_ options: String = "", comment: String = "alice@laptop") -> String {
        (options.isEmpty ? "" : options + " ") + "\(Self.type) \(Self.encoded) \(comment)\n"
    }

    static func file(_ text: String) -> AuthorizedKeysFile {
        AuthorizedKeysFile(Array(text.utf8), path: "/keys/alice")
    }

    /// The key of a line with these options, which must be legal.
    static func key(_ options: String) throws -> AuthorizedKey {
        try #require(Self.file(Self.line(options)).keys.first)
    }
}
