import ArgumentParser
import SSHServer
import SSHSystem
import SSHWire
import Yams

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Say in the relay's words what another program's configuration says.",
        subcommands: [SSHMux.self],
        helpNames: .long
    )

    struct SSHMux: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sshmux",
            abstract:
                "The config.yaml of inlets' sshmux: lines for a relay that reaches the servers, or the command for a jump box that does.",
            helpNames: .long
        )

        /// Bytes of a file, and servers in it.
        private static let limits = (bytes: 1 << 20, upstreams: 10_000)

        @Argument(help: ArgumentHelp("The configuration.", valueName: "config.yaml"))
        var file: String

        @Flag(help: "Print the command for a jump box that can reach the servers, where the relay cannot.")
        var ssh = false

        @Option(help: "With --ssh: the account on the relay.")
        var account = "inlets"

        @Option(help: "With --ssh: the name by which the jump box reaches the relay (default: this machine's).")
        var host: String?

        @Option(name: .shortAndLong, help: "With --ssh: the relay's port.")
        var port: UInt16 = 22

        func run() throws {
            do {
                let upstreams = try Self.upstreams(self.file)
                print("# relay_config: Names \(ImportedUpstream.patterns(upstreams))")
                guard self.ssh else {
                    for upstream in upstreams { print(upstream.line) }
                    return
                }
                let forwards = upstreams.map { " -R \($0.forward)" }.joined()
                let port = self.port == 22 ? "" : " -p \(self.port)"
                let destination = try ForwardingDestination(account: self.account, host: self.host ?? MachineName.text)
                print("swssh -N\(forwards)\(port) \(destination.text)")
            } catch let error as SSHError {
                throw ReportedFailure.failure(error)
            }
        }

        private static func upstreams(_ path: String) throws -> [ImportedUpstream] {
            let place = path.escapedForLog
            let bytes: [UInt8]
            do {
                bytes = try BoundedFile(path: path, limit: Self.limits.bytes).bytes
            } catch is BoundedFile.NotFound {
                throw SSHError(.system, "\(place): no such file")
            }
            let root: Node?
            do {
                root = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw SSHError(.invalidConfiguration, "\(place) is not YAML: \("\(error)".escapedForLog)")
            }
            guard let entries = root?.mapping?["upstreams"]?.sequence, entries.count > 0,
                entries.count <= Self.limits.upstreams
            else {
                throw SSHError(
                    .invalidConfiguration,
                    "\(place) has no list of upstreams, with a name and an upstream each"
                )
            }
            return try entries.map { entry in
                let line = entry.mark.map { " line \($0.line)" } ?? ""
                guard let name = entry.mapping?["name"]?.scalar?.string,
                    let upstream = entry.mapping?["upstream"]?.scalar?.string
                else {
                    throw SSHError(.invalidConfiguration, "\(place)\(line): expected a name and an upstream")
                }
                do throws(SSHError) {
                    return try ImportedUpstream(name: name, upstream: upstream)
                } catch {
                    throw SSHError(.invalidConfiguration, "\(place)\(line): \(error.reason)")
                }
            }
        }
    }
}
