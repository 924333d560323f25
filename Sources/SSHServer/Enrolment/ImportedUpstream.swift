import SSHConfiguration
import SSHSystem
package import SSHWire

/// A private server with a name, as another program's configuration has it.
package struct ImportedUpstream: Sendable {
    private let name: DeviceName
    /// In brackets if it is an IPv6 address.
    private let target: String

    /// - Parameter upstream: `HOST:PORT`, or `HOST` for port 22.
    /// - Throws: `invalidConfiguration`.
    package init(name: String, upstream: String) throws(SSHError) {
        do throws(InvalidValue) {
            self.name = try DeviceName(name)
        } catch {
            throw SSHError(.invalidConfiguration, "\"\(name.escapedForLog)\": \(error.reason)")
        }
        let isBare = !upstream.utf8.contains(UInt8(ascii: ":")) || upstream.hasSuffix("]")
        guard
            let address = try? ForwardAddress(argument: isBare ? "\(upstream):22" : upstream, allowsBarePort: false),
            PublicHostKeys.isHost(address.host), address.port > 0
        else {
            throw SSHError(
                .invalidConfiguration,
                "\(self.name.text): the upstream \"\(upstream.escapedForLog)\" is wrong, expected HOST:PORT"
            )
        }
        let isAddress = address.host.utf8.contains(UInt8(ascii: ":"))
        self.target = "\(isAddress ? "[\(address.host)]" : address.host):\(address.port)"
    }

    /// The line of a relay's configuration that leads there.
    package var line: String { "Upstream \(self.name.text) \(self.target)" }

    /// What `-R` is followed by on a machine that can reach it; in quotes, as a shell has its own ideas of brackets.
    package var forward: String {
        let forward = "\(self.name.text):22:\(self.target)"
        return forward.utf8.contains(UInt8(ascii: "[")) ? "'\(forward)'" : forward
    }

    /// The patterns of `Names` for names like these: one for each ending, and one for all without a dot.
    package static func patterns(_ upstreams: [ImportedUpstream]) -> String {
        let endings = upstreams.map { upstream -> String in
            guard let dot = upstream.name.text.lastIndex(of: ".") else { return "*,!*.*" }
            return "*\(upstream.name.text[dot...])"
        }
        // What a pattern with ! excludes stays out whatever follows: so names without a dot are named one by one beside others.
        let distinct = Set(endings)
        guard distinct.count > 1, distinct.contains("*,!*.*") else { return distinct.sorted().joined(separator: ",") }
        let plain = upstreams.map(\.name.text).filter { !$0.utf8.contains(UInt8(ascii: ".")) }
        return (distinct.subtracting(["*,!*.*"]).sorted() + Set(plain).sorted()).joined(separator: ",")
    }
}
