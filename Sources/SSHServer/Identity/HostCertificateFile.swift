import SSHCrypto
import SSHSystem
import SSHWire

/// A certificate of one of the relay's host keys on disk: what `ssh-keygen -h -s` writes.
enum HostCertificateFile {
    /// A certificate has at most 32 KiB, which are 44 KiB as text.
    private static let limit = 64 * 1024

    /// - Parameter keys: the relay's host keys.
    /// - Throws: `invalidKey` with the file and the reason.
    static func load(_ path: String, for keys: [any KeyPair]) throws -> Certificate {
        let file: BoundedFile
        do {
            file = try BoundedFile(path: path, limit: Self.limit, mustBeRegular: true)
        } catch is BoundedFile.NotFound {
            throw SSHError(.invalidKey, "Could not load host certificate \"\(path.escapedForLog)\": no such file")
        } catch {
            throw SSHError(
                .invalidKey,
                "Could not load host certificate \"\(path.escapedForLog)\": \(ErrorText.of(error))"
            )
        }
        let certificate: Certificate
        do {
            certificate = try Self.parse(file.bytes, path)
            try certificate.verifySignature()
        } catch let error as SSHError where error.code == .invalidKey {
            throw SSHError(
                .invalidKey,
                "Could not load host certificate \"\(path.escapedForLog)\": \(error.reason.escapedForLog)"
            )
        }
        guard certificate.kind == .host else {
            throw SSHError(.invalidKey, "Certificate file is not a host certificate: \(path.escapedForLog)")
        }
        guard keys.contains(where: { $0.publicKey == certificate.key }) else {
            throw SSHError(.invalidKey, "No matching private key for certificate: \(path.escapedForLog)")
        }
        return certificate
    }

    private static func parse(_ bytes: [UInt8], _ path: String) throws -> Certificate {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        guard let line = lines.first(where: { !$0.hasPrefix("#") }) else {
            throw SSHError(.invalidKey, "the file is empty")
        }
        let type = line.prefix { $0 != " " && $0 != "\t" }
        guard Certificate.isCertificateType(String(type)) else {
            throw SSHError(.invalidKey, "the file holds no certificate")
        }
        return try Certificate(openSSHLine: line)
    }
}

extension Certificate {
    /// Why clients will not take it at this time; nil if they will.
    ///
    /// - Parameter now: seconds since 1970.
    func problem(at now: UInt64) -> String? {
        if now < self.validAfter { return "it is not valid yet" }
        if now >= self.validBefore { return "it has expired" }
        if self.principals.isEmpty { return "it names no host" }
        if !self.criticalOptions.isEmpty { return "it has a critical option, and none is known for hosts" }
        return nil
    }
}
