import Glibc
import SSHConfiguration
import SSHCrypto
import SSHSystem
import SSHWire

/// The invites of a relay, in its StateDirectory: a file for each, whose name is the hash of the one-time key. What is stored lets nobody in.
///
/// Several processes may use it at once: the relay, and the programs of its host.
struct InviteStore {
    /// So many are out at a time.
    static let most = 1000
    /// Bytes of one's file.
    static let longest = 8 << 10
    /// Seconds that one counts at most: thirty days.
    static let longestLife: UInt64 = 30 * 86_400

    let folder: String

    init(stateDirectory: String) {
        self.folder = "\(stateDirectory)/invites"
    }

    /// - Parameters:
    ///   - key: the public half of the one-time key.
    ///   - now: seconds since 1970.
    /// - Throws: `limitExceeded` if there are too many, or it is too large.
    func add(_ invite: Invite, for key: PublicKey, now: UInt64) throws {
        guard invite.expires > now, invite.expires - now <= Self.longestLife else {
            throw SSHError(.misuse, "an invite counts for \(Self.longestLife / 86_400) days at most")
        }
        let bytes = Array(invite.text.utf8)
        guard bytes.count <= Self.longest else { throw SSHError(.limitExceeded, "the invite is too long") }
        guard mkdir(self.folder, 0o700) == 0 || errno == EEXIST else { throw self.failure(SystemError()) }
        try self.inTurn {
            guard self.sweep(now: now) < Self.most else {
                throw SSHError(
                    .limitExceeded,
                    "there are \(Self.most) invites, and no more are possible until one has expired"
                )
            }
            try self.write(bytes, for: key)
        }
    }

    /// - Returns: nil for a key that is no invite, or none any more.
    /// - Throws: `system` if that cannot be found out.
    func find(_ key: PublicKey, now: UInt64) throws -> Invite? {
        let path = self.path(of: key)
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile(path: path, limit: Self.longest, mustBeRegular: true).bytes
        } catch is BoundedFile.NotFound {
            return nil
        }
        let invite: Invite
        do {
            invite = try Invite(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw SSHError(.system, "\(path.escapedForLog) is damaged: \(error.reason)")
        }
        return invite.expires >= now ? invite : nil
    }

    /// Lets somebody take an invite: once, however many try at a time, and whenever this was cut off before. Who took it may come
    /// again with the same name and key, and finds it done.
    ///
    /// - Parameters:
    ///   - use: who takes it.
    ///   - check: throws if it cannot be done; then the invite stays as it was.
    ///   - enrol: does it; doing it again must do no harm.
    ///   - isThere: whether what was done has not been undone since.
    /// - Throws: `misuse` for an invite that there is not, or that somebody else has taken.
    func take(
        _ key: PublicKey,
        by use: Invite.Use,
        now: UInt64,
        check: (Invite) throws -> Void,
        enrol: (Invite) throws -> Void,
        isThere: (Invite) throws -> Bool
    ) throws {
        try self.inTurn {
            guard var invite = try self.find(key, now: now) else {
                throw SSHError(.misuse, "there is no such invite any more")
            }
            if let known = invite.use {
                guard known.name == use.name, known.key == use.key else {
                    throw SSHError(.misuse, "the invite has been used")
                }
                if known.isDone {
                    guard try isThere(invite) else { throw SSHError(.misuse, "the invite has been used") }
                    return
                }
            } else {
                try check(invite)
                invite.use = use
                try self.write(Array(invite.text.utf8), for: key)
            }
            try enrol(invite)
            invite.use?.isDone = true
            try self.write(Array(invite.text.utf8), for: key)
        }
    }

    /// Removes what has expired and what nobody can read.
    ///
    /// - Returns: how many are left.
    private func sweep(now: UInt64) -> Int {
        // Of programs that were cut off: nobody else writes here now.
        for path in SystemPath.matching("\(self.folder)/.new-*") ?? [] { unlink(path) }
        let paths = SystemPath.matching("\(self.folder)/*") ?? []
        return paths.count { path in
            let file = try? BoundedFile(path: path, limit: Self.longest, mustBeRegular: true)
            let invite = file.flatMap { try? Invite(text: String(decoding: $0.bytes, as: UTF8.self)) }
            guard let invite, invite.expires >= now else { return unlink(path) != 0 }
            return true
        }
    }

    private func inTurn<Result>(_ body: () throws -> Result) throws -> Result {
        let turn: FolderTurn
        do throws(SystemError) {
            turn = try FolderTurn.claim(self.folder)
        } catch {
            throw error.isMissingFile ? SSHError(.misuse, "there is no such invite any more") : self.failure(error)
        }
        defer { turn.end() }
        return try body()
    }

    private func write(_ bytes: [UInt8], for key: PublicKey) throws(SSHError) {
        do throws(SystemError) {
            try WholeFile.write(bytes, to: self.path(of: key), mode: 0o600)
        } catch {
            throw self.failure(error)
        }
    }

    func path(of key: PublicKey) -> String {
        "\(self.folder)/\(SHA256Digest.hash(key.blob).hexadecimal)"
    }

    private func failure(_ error: SystemError) -> SSHError {
        SSHError(.system, "\(self.folder.escapedForLog): \(error)")
    }
}
