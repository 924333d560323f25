import SSHConfiguration
package import SSHCrypto
import SSHSystem
package import SSHWire

/// The relay's host keys as others are told of them. Private keys need not be readable: the .pub files are enough.
package struct PublicHostKeys: Sendable {
    package let keys: [(file: String, key: PublicKey)]
    package let port: UInt16

    /// - Throws: `invalidKey` if there is none.
    package init(_ configuration: ServerConfiguration) throws {
        var folders = [configuration.hostKeyFiles]
        // Without a line, the keys of one folder count.
        if configuration.$hostKeyFiles.rule == nil { folders = ServerConfiguration.defaultHostKeyFolders }
        let size = configuration.defaults.requiredRSASize
        let found = folders.lazy.map { files in
            files.compactMap { file in
                (try? HostKeyFile.loadPublic(file, requiredRSASize: size)).map { (file: file, key: $0) }
            }
        }
        guard let keys = found.first(where: { !$0.isEmpty }) else {
            let file = folders.first?.first ?? "HostKey none"
            throw SSHError(.invalidKey, "\(file.escapedForLog): no host key there; `relay init` makes one")
        }
        self.keys = keys
        self.port = configuration.listenEndpoints.first?.port ?? 22
    }

    /// Lines of a known_hosts file.
    ///
    /// - Parameter port: by which clients reach the relay; nil for that of the configuration.
    /// - Throws: `misuse` for what is no host's name or address.
    package func knownHostsLines(_ host: String, port: UInt16?) throws(SSHError) -> [String] {
        let port = port ?? self.port
        guard Self.isHost(host) else {
            throw SSHError(.misuse, "\"\(host.escapedForLog)\" is no host's name or address")
        }
        let pattern = port == 22 ? host : "[\(host)]:\(port)"
        return self.keys.map { "\(pattern) \($0.key.openSSHText)" }
    }

    /// Nothing that means something in known_hosts.
    static func isHost(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".-_:%".utf8.contains(byte)
                }
            }
    }
}
