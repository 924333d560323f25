import SSHConfiguration
import SSHCrypto

/// What a certificate says about the logins that it allows (PROTOCOL.certkeys).
struct CertificateRules {
    private(set) var forceCommand: String?
    private(set) var sourceAddresses: [AddressRange]?
    private(set) var requiresUserVerification = false
    private(set) var permitsPortForwarding = false
    private(set) var requiresUserPresence = true

    /// - Throws: `InvalidValue` for a critical option that is unknown, or an option that is malformed: then the
    ///   certificate is void. Unknown extensions are ignored.
    init(_ certificate: Certificate) throws {
        for option in certificate.criticalOptions {
            switch option.name {
            case "force-command": self.forceCommand = try Self.text(option)
            case "source-address": self.sourceAddresses = try Self.ranges(try Self.text(option))
            case "verify-required":
                try Self.checkFlag(option)
                self.requiresUserVerification = true
            default: throw InvalidValue("the certificate's critical option \"\(option.name)\" is unknown")
            }
        }
        for option in certificate.extensions where Self.knownExtensions.contains(option.name) {
            try Self.checkFlag(option)
            switch option.name {
            case "permit-port-forwarding": self.permitsPortForwarding = true
            case "no-touch-required": self.requiresUserPresence = false
            default: break
            }
        }
    }

    /// Those that sshd knows, also where they mean nothing here.
    private static let knownExtensions: Set<String> = [
        "no-touch-required", "permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty",
        "permit-user-rc",
    ]

    /// A flag says something by being there; with data it is something else, and whoever wrote it meant that.
    private static func checkFlag(_ option: Certificate.Option) throws {
        guard option.data.isEmpty else {
            throw InvalidValue("the certificate's option \"\(option.name)\" has data, expected none")
        }
    }

    private static func text(_ option: Certificate.Option) throws -> String {
        guard let text = try? option.text() else {
            throw InvalidValue("the certificate's critical option \"\(option.name)\" is malformed")
        }
        return text
    }

    /// Addresses and ranges only: no names, no negation.
    private static func ranges(_ text: String) throws -> [AddressRange] {
        let elements = text.split(separator: ",", omittingEmptySubsequences: false)
        // Whoever made it: it is read before anybody trusts its authority.
        guard elements.count <= 256 else {
            throw InvalidValue("the certificate's source-address names too many addresses")
        }
        return try elements.map { element in
            // No scopes, and nothing that anybody would look up.
            let isNumeric = element.utf8.allSatisfy { "0123456789abcdefABCDEF.:/".utf8.contains($0) }
            guard isNumeric, let range = try AddressRange(String(element)) else {
                throw InvalidValue("the certificate's source-address \"\(element)\" is no address")
            }
            return range
        }
    }

    func permits(_ address: String) -> Bool {
        guard let ranges = self.sourceAddresses else { return true }
        guard let numeric = IPAddress(address)?.normalized else { return false }
        return ranges.contains { $0.contains(numeric) }
    }

    /// The line's options, narrowed by the certificate's.
    ///
    /// - Throws: `InvalidValue` if the two force different commands.
    func narrowing(_ options: KeyOptions) throws -> KeyOptions {
        var options = options
        if let forced = self.forceCommand {
            guard options.command?.hasSameBytes(as: forced) ?? true else {
                throw InvalidValue("the certificate and the line force different commands")
            }
            options.command = forced
        }
        if !self.permitsPortForwarding, options.permitsPortForwarding {
            options.permitsPortForwarding = false
            options.portForwardingRule = .builtIn("the certificate has no permit-port-forwarding")
        }
        // Touching may be left out only where both say so.
        options.requiresUserPresence = options.requiresUserPresence || self.requiresUserPresence
        options.requiresUserVerification = options.requiresUserVerification || self.requiresUserVerification
        return options
    }
}
