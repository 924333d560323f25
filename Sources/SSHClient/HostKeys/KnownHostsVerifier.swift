import Glibc
import NIOPosix
public import SSHCrypto
public import SSHProtocol
import SSHWire

/// Known_hosts files and ssh's rules about them.
public struct KnownHostsVerifier: HostKeyVerifier {
    /// Puts a question to somebody, away from the event loop, and throws the question's refusal if the answer is no.
    public typealias Asker = @Sendable (HostKeyQuestion, PublicKey) async throws -> Void

    public let rules: KnownHostsRules
    /// What the server may show, in the order in which it is offered.
    public let algorithms: [String]
    let knownHosts: KnownHosts
    let revoked: RevokedHostKeys?
    private let ask: Asker
    private let onNotice: @Sendable (Notice) -> Void

    /// Something that whoever trusts the files may want to know.
    public enum Notice: Sendable {
        /// No authority of the files vouches for the certificate that the server showed: the key in it counts.
        case noMatchingAuthority
        /// An authority does, but the certificate does not hold here and now; the text says why.
        case certificateNotUsed(String)
        case added(PublicKey)
        case notWritten(any Error)
        /// Another key is known, and the connection ends.
        case changedKeyRefused(HostKeyAlarm)
        /// Another key is known: the texts warn of it.
        case changedKeyAccepted([String])
        /// The server has other keys than the files hold, and they are not to follow it.
        case otherKeysAnnounced
        case learned(PublicKey)
        case removed(PublicKey)
    }

    /// Reads the files; those that are missing count as empty.
    ///
    /// - Parameters:
    ///   - ask: called for an unknown host if `rules.checking` is `ask`; without it, such a host is refused.
    /// - Throws: `invalidConfiguration` if the revoked keys cannot be read.
    public init(
        _ rules: KnownHostsRules,
        onNotice: @escaping @Sendable (Notice) -> Void = { _ in },
        ask: @escaping Asker = { question, _ in throw question.refusal }
    ) throws {
        self.rules = rules
        self.ask = ask
        self.onNotice = onNotice
        self.knownHosts = KnownHosts(readingFiles: rules.userFiles + rules.globalFiles)
        self.revoked = try rules.revokedHostKeys.map { try RevokedHostKeys(path: $0) }
        self.algorithms =
            rules.algorithmsFollowFiles
            ? self.knownHosts.hostKeyAlgorithmsPreferred(
                for: rules.name,
                fallback: rules.fallbackName,
                among: rules.hostKeyAlgorithms
            )
            : rules.hostKeyAlgorithms
    }

    public func judge(_ shown: HostKeyToVerify, address: String?) -> HostKeyVerdict {
        if let certificate = shown.certificate {
            switch self.decide(certificate, now: UInt64(clamping: time(nil))) {
            case .accept: return .accepted(.trusted)
            case .refuse(let error): return .refused(error)
            case .notTrusted: self.onNotice(.noMatchingAuthority)
            case .notValid(let reason): self.onNotice(.certificateNotUsed(reason))
            }
        }
        switch self.decide(shown.key, address: address) {
        case .accept:
            return .accepted(.known)
        case .acceptAndAdd:
            return .pending {
                await self.write(shown.key)
                return .trusted
            }
        case .acceptWithoutForwarding(let warnings):
            self.onNotice(.changedKeyAccepted(warnings))
            return .accepted(.unverified)
        case .ask(let question):
            return .pending {
                try await self.ask(question, shown.key)
                await self.write(shown.key)
                return .trusted
            }
        case .refuse(let error):
            if let alarm = self.alarm(shown.key) { self.onNotice(.changedKeyRefused(alarm)) }
            return .refused(error)
        }
    }

    /// nil unless another key is known.
    private func alarm(_ key: PublicKey) -> HostKeyAlarm? {
        guard self.tooShort(key) == nil, self.revoked?.contains(key) != true else { return nil }
        let verdict = self.knownHosts.lookup(self.rules.name, fallback: self.rules.fallbackName, key: key)
        guard case .changed(let entries) = verdict,
            let known = entries.first(where: { $0.key.type == key.type }) ?? entries.first
        else { return nil }
        return HostKeyAlarm(
            name: self.rules.name,
            shown: key,
            known: known,
            userFile: self.rules.userFiles.first ?? known.file,
            isStrict: self.rules.checking != .no
        )
    }

    /// Writes to disk on a thread that may wait.
    private func write(_ key: PublicKey) async {
        do {
            if try await NIOThreadPool.singleton.runIfActive({ try self.add(key) }) { self.onNotice(.added(key)) }
        } catch {
            self.onNotice(.notWritten(error))
        }
    }

    /// Why the key counts for nothing, whoever vouches for it.
    func tooShort(_ key: PublicKey) -> SSHError? {
        let required = self.rules.requiredRSASize
        guard let bits = key.rsaBits, bits < required else { return nil }
        return SSHError(.hostKeyRejected, "the host's RSA key has \(bits) bits, less than RequiredRSASize \(required)")
    }

    /// - Parameter address: where the socket leads; nil behind a proxy.
    func decide(_ key: PublicKey, address: String?) -> HostKeyDecision {
        if let refusal = self.tooShort(key) { return .refuse(refusal) }
        if let revoked = self.revoked, revoked.contains(key) {
            let file = self.rules.revokedHostKeys ?? ""
            let reason = "the \(key.displayName) key \(key.fingerprint) is revoked by \(file)"
            return .refuse(SSHError(.hostKeyRejected, reason))
        }
        let verdict = self.knownHosts.lookup(self.rules.name, fallback: self.rules.fallbackName, key: key)
        let policy = HostKeyPolicy(
            checking: self.rules.checking,
            batchMode: self.rules.batchMode,
            exitOnForwardFailure: self.rules.exitOnForwardFailure,
            name: self.rules.name,
            address: address
        )
        return policy.decide(verdict, key: key)
    }

    /// Writes the key to the first of the user's files. It blocks.
    ///
    /// - Returns: false if the user has none.
    private func add(_ key: PublicKey) throws -> Bool {
        guard let file = self.rules.userFiles.first else { return false }
        var knownHosts = self.knownHosts
        try knownHosts.add(
            self.rules.name,
            key: key,
            hashed: self.rules.hashKnownHosts,
            to: file,
            random: SystemRandom()
        )
        return true
    }

    // MARK: UpdateHostKeys

    public func rotation(announced blobs: [[UInt8]], shown: PublicKey) -> HostKeyRotation? {
        let acceptable = blobs.compactMap { try? PublicKey(blob: $0) }.filter { key in
            key.signatureAlgorithms.contains(where: self.rules.hostKeyAlgorithms.contains)
                && key.rsaBits ?? .max >= self.rules.requiredRSASize
                && self.revoked?.contains(key) != true
        }
        let rotation = HostKeyRotation(
            announced: acceptable,
            shown: shown,
            name: self.rules.name,
            in: self.knownHosts,
            files: self.rules.userFiles
        )
        guard rotation != nil else { return nil }
        switch self.rules.updateHostKeys {
        case .yes: return rotation
        case .no: return nil
        case .ask:
            self.onNotice(.otherKeysAnnounced)
            return nil
        }
    }

    public func learn(_ rotation: HostKeyRotation) async {
        do {
            try await NIOThreadPool.singleton.runIfActive { try self.apply(rotation) }
            for key in rotation.unknown { self.onNotice(.learned(key)) }
            for entry in rotation.obsolete { self.onNotice(.removed(entry.key)) }
        } catch {
            self.onNotice(.notWritten(error))
        }
    }

    /// Writes the changes to the user's files. It blocks.
    ///
    /// - Throws: `system` with the file and the reason.
    private func apply(_ rotation: HostKeyRotation) throws {
        for key in rotation.unknown { _ = try self.add(key) }
        for file in Set(rotation.obsolete.map(\.file)) {
            try KnownHosts.remove(rotation.obsolete.filter { $0.file == file }, from: file)
        }
    }
}
