import SSHConfiguration

@testable import SSHServer

private struct NoSuchFile: Error {}

extension SupportedAlgorithms {
    static let forTests = SupportedAlgorithms(
        ciphers: ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr"],
        macs: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
        keyExchanges: ["mlkem768x25519-sha256", "curve25519-sha256"],
        hostKeys: ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"],
        publicKeys: ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"],
        authorities: ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"]
    )
}

extension ServerConfiguration {
    /// Parses a text as the file /etc/relay/config, with other files beside it.
    static func parsing(
        _ text: String,
        options: [String] = [],
        ports: [UInt16] = [],
        files: [String: String] = [:]
    ) throws -> ServerConfiguration {
        try Self.parsing(bytes: Array(text.utf8), options: options, ports: ports, files: files)
    }

    static func parsing(
        bytes: [UInt8],
        options: [String] = [],
        ports: [UInt16] = [],
        files: [String: String] = [:]
    ) throws -> ServerConfiguration {
        let source = ConfigurationFiles(
            read: { path in
                if path == "/etc/relay/config" { return bytes }
                guard let text = files[path] else { throw NoSuchFile() }
                return Array(text.utf8)
            },
            glob: { pattern in
                pattern == "/etc/relay/config"
                    ? [pattern] : files.keys.filter { Pattern(pattern).matches($0) }.sorted()
            }
        )
        return try ServerConfiguration.load(
            file: "/etc/relay/config",
            options: options,
            ports: ports,
            supported: .forTests,
            files: source
        )
    }

    /// The reason why a text is refused, or nil.
    static func refusal(_ text: String, options: [String] = [], files: [String: String] = [:]) -> String? {
        do {
            _ = try Self.parsing(text, options: options, files: files)
            return nil
        } catch {
            return "\(error)"
        }
    }
}

extension ConnectionFacts {
    static func from(
        _ user: String,
        address: String = "192.0.2.7",
        host: String? = nil,
        groups: [String] = [],
        localPort: Int = 22
    ) -> ConnectionFacts {
        ConnectionFacts(
            user: user,
            address: address,
            host: host,
            localAddress: "10.0.0.1",
            localPort: localPort,
            groups: groups
        )
    }
}
