import Glibc
import SSHClient
import SSHCrypto
import SSHSystem
import SSHWire

/// What `swssh` does to the files of its user: `--init`, `--get-key`, `--add-host` and `--add-client`.
struct OwnFilesCommand {
    private enum Action {
        case makeKey
        case printKey
        case addHost(String, port: UInt16, key: String)
        case addClient(String)
    }

    private let action: Action

    /// - Returns: nil if the first argument is none of these.
    /// - Throws: `UsageError` if the others do not fit.
    init?(_ arguments: [String]) throws {
        let rest = Array(arguments.dropFirst())
        switch arguments.first {
        case "--init" where rest.isEmpty: self.action = .makeKey
        case "--get-key" where rest.isEmpty: self.action = .printKey
        case "--add-host" where rest.count >= 3:
            guard let port = UInt16(rest[1]), port > 0 else {
                throw UsageError(reason: "--add-host: \"\(rest[1].escapedForLog)\" is no port")
            }
            self.action = .addHost(rest[0], port: port, key: rest[2...].joined(separator: " "))
        case "--add-client" where !rest.isEmpty: self.action = .addClient(rest.joined(separator: " "))
        case "--init", "--get-key": throw UsageError(reason: "\(arguments[0]) takes nothing")
        case "--add-host": throw UsageError(reason: "--add-host takes HOST PORT KEY")
        case "--add-client": throw UsageError(reason: "--add-client takes KEY")
        default: return nil
        }
    }

    /// - Returns: the exit status.
    func run(_ environment: LocalEnvironment) throws -> Int32 {
        switch self.action {
        case .makeKey:
            let own = OwnKey(environment)
            let comment = "\(environment.userName)@\(environment.hostName)"
            let (key, isNew) = try own.make(comment: comment, random: SystemRandom())
            print("\(isNew ? "made" : "kept") \(own.path.escapedForLog) (\(key.fingerprint))")
        case .printKey: print(try OwnKey(environment).publicKey().openSSHText)
        case .addHost(let host, let port, let key): try self.addHost(host, port, key, environment)
        case .addClient(let line):
            let clients = AuthorizedClients(environment)
            let (key, isNew) = try clients.add(line)
            print(
                "\(key.fingerprint) is \(isNew ? "added to" : "in") \(clients.path.escapedForLog)\(isNew ? "" : " already")"
            )
        }
        return 0
    }

    private func addHost(_ host: String, _ port: UInt16, _ line: String, _ environment: LocalEnvironment) throws {
        let key = try PublicKey(openSSHLine: line)
        guard !host.isEmpty, host.utf8.count <= 255,
            host.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"*?!,|@#[]\"\\".utf8.contains($0) })
        else { throw SSHError(.misuse, "\"\(host.escapedForLog)\" is no host's name or address") }
        let path = "\(environment.homeDirectory)/.ssh/known_hosts"
        let name = KnownHosts.name(host: host, port: port)
        var known = KnownHosts(readingFiles: [path])
        switch known.lookup(name, key: key) {
        case .match: print("\(name) is known by this key already")
        case .changed(let entries):
            let line = entries.first.map { " in line \($0.line)" } ?? ""
            throw SSHError(
                .hostKeyRejected,
                "\(name) is known by another key\(line) of \(path): take that out first (ssh-keygen -R '\(name)')"
            )
        case .revoked: throw SSHError(.hostKeyRejected, "the key of \(name) is revoked in \(path)")
        case .unknown:
            try known.add(name, key: key, hashed: false, to: path, random: SystemRandom())
            print("\(name) is known by \(key.fingerprint) now")
        }
    }
}
