import Glibc
public import SSHCrypto
import SSHSystem
import SSHWire

/// The keys that prove who the relay is, from all HostKey files and from the HostKeyAgent, and their certificates from all
/// HostCertificate files.
public struct HostKeys: Sendable {
    let keys: [any KeyPair]
    let certificates: [Certificate]
    /// Where the agent listens that signs with the keys that are not in files.
    let agentPath: String?
    /// Files that are not used, and why; certificates that no client will take; keys that the agent does not have.
    public let problems: [String]

    static let defaults = ServerConfiguration.defaultHostKeyFolders.flatMap { $0 }

    /// As sshd: a file that cannot be used is a problem, and one that can be used is enough. It waits for the agent, so it is not to
    /// be called on an event loop.
    ///
    /// - Parameters:
    ///   - given: keys in place of those of files.
    ///   - now: seconds since 1970.
    public init(_ configuration: ServerConfiguration, given: [any SigningKey] = [], now: UInt64) {
        var files = configuration.hostKeyFiles
        if !given.isEmpty {
            files = []
        } else if configuration.$hostKeyFiles.rule == nil {
            files =
                ServerConfiguration.defaultHostKeyFolders.map { $0.filter { Self.isThere($0, configuration) } }.first {
                    !$0.isEmpty
                } ?? []
        }
        var problems: [String] = []
        let agent = Self.agent(configuration, &problems)
        var keys: [any KeyPair] = given
        for file in files {
            guard let key = Self.load(file, agent, configuration, &problems) else { continue }
            if !keys.contains(where: { $0.publicKey == key.publicKey }) { keys.append(key) }
        }
        self.keys = keys
        self.agentPath = agent?.path
        self.certificates = Self.certificates(configuration.hostCertificateFiles, keys, now, &problems)
        self.problems = problems
    }

    private static func agent(_ configuration: ServerConfiguration, _ problems: inout [String]) -> HostKeyAgent? {
        guard let name = configuration.hostKeyAgent else { return nil }
        do {
            return try HostKeyAgent(name)
        } catch {
            problems.append("Could not connect to agent \"\(name.escapedForLog)\": \(ErrorText.of(error))")
            return nil
        }
    }

    /// The private key of that file; or the public one, if there is an agent that may have the private one.
    private static func load(
        _ file: String,
        _ agent: HostKeyAgent?,
        _ configuration: ServerConfiguration,
        _ problems: inout [String]
    ) -> (any KeyPair)? {
        let requiredRSASize = configuration.defaults.requiredRSASize
        do {
            return try HostKeyFile.load(file, requiredRSASize: requiredRSASize)
        } catch {
            let problem = "Unable to load host key: \(ErrorText.of(error))"
            guard let agent, let key = try? HostKeyFile.loadPublic(file, requiredRSASize: requiredRSASize) else {
                problems.append(problem)
                return nil
            }
            // A file that is not there, or holds a public key, is meant to be so; one that cannot be used is not.
            if access(file, F_OK) == 0, !HostKeyFile.isPublicKey(file) { problems.append(problem) }
            if let problem = agent.problem(with: key) {
                let name = "\(file.escapedForLog) (\(key.displayName) \(key.fingerprint))"
                problems.append("Host key \(name): \(problem.escapedForLog)")
            }
            return ExternalKey(key)
        }
    }

    private static func certificates(
        _ files: [String],
        _ keys: [any KeyPair],
        _ now: UInt64,
        _ problems: inout [String]
    ) -> [Certificate] {
        var certificates: [Certificate] = []
        for file in files {
            do {
                let certificate = try HostCertificateFile.load(file, for: keys)
                // As in sshd, a key has one certificate: the last.
                certificates.removeAll { $0.key == certificate.key }
                certificates.append(certificate)
                guard let problem = certificate.problem(at: now) else { continue }
                problems.append("Host certificate \(file.escapedForLog) will convince no client: \(problem)")
            } catch {
                problems.append(ErrorText.of(error))
            }
        }
        return certificates
    }

    /// There is no key, because none was ever made: no HostKey line names one.
    public static func isMissing(_ configuration: ServerConfiguration) -> Bool {
        configuration.$hostKeyFiles.rule == nil && Self.defaults.allSatisfy { !Self.isThere($0, configuration) }
    }

    private static func isThere(_ file: String, _ configuration: ServerConfiguration) -> Bool {
        access(file, F_OK) == 0 || configuration.hostKeyAgent != nil && access(file + ".pub", F_OK) == 0
    }
}
