import Glibc
package import SSHCrypto
import SSHSystem
import SSHWire

/// An invite that has just been made, with the one-time key that is stored nowhere.
package struct NewInvite {
    /// The private half, as a file of OpenSSH.
    package let keyFile: SecretBytes
    package let invite: Invite

    /// - Parameters:
    ///   - makesAccount: the account may be a new one: a name that has a file of keys from now on.
    ///   - seconds: for how long it can be taken.
    /// - Throws: `misuse` for an invite that would let nobody in.
    package init(
        _ configuration: ServerConfiguration,
        account: String,
        makesAccount: Bool,
        rights: ClientRights,
        seconds: UInt64,
        now: UInt64 = UInt64(clamping: time(nil)),
        random: any RandomSource = SystemRandom()
    ) throws {
        guard let stateDirectory = configuration.stateDirectory else {
            throw SSHError(.misuse, "there is no StateDirectory in the configuration, where invites are kept")
        }
        let file = try DeviceEnrolment(configuration).file(of: account)
        try ClientRegister(configuration).checkExists(account, makesAccount: makesAccount)
        let key = try PrivateKey.generate(.ed25519, random: random)
        // Any name will do, as it will be the device's own.
        _ = try ClientLine(key.publicKey, name: "device", rights: rights)
        let (expires, isTooLate) = now.addingReportingOverflow(seconds)
        guard !isTooLate else { throw SSHError(.misuse, "the invite would count for too long") }
        self.invite = Invite(account: account, rights: rights, expires: expires)
        self.keyFile = SecretBytes(
            bytes: try OpenSSHPrivateKeyFile.encode(key, comment: "invite to \(account)", random: random)
        )
        try FolderOwner.act(on: stateDirectory) {
            // A name is an account once it has a file, and whoever comes with the invite logs in to it.
            if makesAccount { try EditedFile(path: file, limit: AccountFiles.limit, mode: 0o600).makeIfAbsent() }
            try InviteStore(stateDirectory: stateDirectory).add(self.invite, for: key.publicKey, now: now)
        }
    }
}
