import Glibc
public import SSHCrypto
import SSHSystem
import SSHWire

/// The keys that prove who the relay is, from all HostKey files, and their certificates from all HostCertificate files.
public struct HostKeys: Sendable {
    let keys: [any SigningKey]
    let certificates: [Certificate]
    /// Files that are not used, and why; certificates that no client will take.
    public let problems: [String]

    private static let defaultFolders = ServerConfiguration.defaultHostKeyFolders
    static let defaults = Self.defaultFolders.flatMap { $0 }

    /// As sshd: a file that cannot be used is a problem, and one that can be used is enough.
    ///
    /// - Parameters:
    ///   - given: keys in place of those of files.
    ///   - now: seconds since 1970.
    public init(_ configuration: ServerConfiguration, given: [any SigningKey] = [], now: UInt64) {
        var files = configuration.hostKeyFiles
        if !given.isEmpty {
            files = []
        } else if configuration.$hostKeyFiles.rule == nil {
            files = Self.defaultFolders.map { $0.filter { access($0, F_OK) == 0 } }.first { !$0.isEmpty } ?? []
        }
        var keys = given
        var problems: [String] = []
        for file in files {
            do {
                let key = try HostKeyFile.load(file, requiredRSASize: configuration.defaults.requiredRSASize)
                if !keys.contains(where: { $0.publicKey == key.publicKey }) { keys.append(key) }
            } catch {
                problems.append("Unable to load host key: \(ErrorText.of(error))")
            }
        }
        self.keys = keys
        self.certificates = Self.certificates(configuration.hostCertificateFiles, keys, now, &problems)
        self.problems = problems
    }

    private static func certificates(
        _ files: [String],
        _ keys: [any SigningKey],
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
        configuration.$hostKeyFiles.rule == nil && Self.defaults.allSatisfy { access($0, F_OK) != 0 }
    }
}
