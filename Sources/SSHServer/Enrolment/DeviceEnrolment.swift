import SSHConfiguration
import SSHCrypto
import SSHSystem
import SSHWire

/// Lets the key of a device in for an invite: in the file of the StateDirectory, and nowhere else.
struct DeviceEnrolment {
    private let configuration: ServerConfiguration
    private let store: InviteStore
    private let stateDirectory: String

    /// - Throws: `misuse` without a StateDirectory.
    init(_ configuration: ServerConfiguration) throws(SSHError) {
        guard let stateDirectory = configuration.stateDirectory else {
            throw SSHError(.misuse, "the relay has no StateDirectory, so it enrols nobody")
        }
        self.configuration = configuration
        self.stateDirectory = stateDirectory
        self.store = InviteStore(stateDirectory: stateDirectory)
    }

    /// Somebody comes with an invite. It may be cut off anywhere and tried again, with the same name and key.
    ///
    /// - Parameters:
    ///   - name: what the device will be called.
    ///   - text: its public key, as in a .pub file.
    ///   - invite: the one-time key, by which it has logged in.
    ///   - now: seconds since 1970.
    /// - Returns: the line that lets it in.
    /// - Throws: `misuse`, `invalidKey` or `system` with a reason that the device may read.
    func enrol(_ name: String, _ text: [UInt8], by invite: PublicKey, now: UInt64) throws -> ClientLine {
        let device: DeviceName
        do throws(InvalidValue) {
            device = try DeviceName(name)
        } catch {
            throw SSHError(.misuse, error.reason)
        }
        let key = try ClientKey(text).key
        guard key != invite else { throw SSHError(.misuse, "that is the invite's key, expected the device's own") }
        var enrolled: ClientLine?
        try self.store.take(
            invite,
            by: Invite.Use(name: device.text, key: key.fingerprint),
            now: now
        ) { invite in
            _ = try self.line(invite, key, device)
            try self.checkIsNew(key, device, in: invite.account)
        } enrol: { invite in
            let line = try self.line(invite, key, device)
            _ = try AuthorizedKeysEditor(path: self.file(of: invite.account)).add(line)
            enrolled = line
        } isThere: { invite in
            enrolled = try self.line(invite, key, device)
            let path = try self.file(of: invite.account)
            guard let file = try? BoundedFile(path: path, limit: AccountFiles.limit) else { return false }
            return AuthorizedKeysText(file.bytes).keys(path: path).keys.contains { $0.blob == key.blob }
        }
        guard let enrolled else { throw SSHError(.misuse, "there is no such invite any more") }
        return enrolled
    }

    /// Where the keys of an account that come by invites stand.
    ///
    /// - Throws: `misuse` if nobody logs in by that file.
    func file(of account: String) throws -> String {
        let files = try ClientRegister(self.configuration).files(of: account)
        guard let file = files.first(where: { $0.hasPrefix("\(self.stateDirectory)/") }) else {
            throw SSHError(
                .misuse,
                "AuthorizedKeysFile names no file in \(self.stateDirectory.escapedForLog) for \(account.escapedForLog)"
            )
        }
        return file
    }

    private func line(_ invite: Invite, _ key: PublicKey, _ device: DeviceName) throws(SSHError) -> ClientLine {
        try ClientLine(key, name: device.text, rights: invite.rights)
    }

    /// One name is one device's, and a key that is known needs no invite.
    private func checkIsNew(_ key: PublicKey, _ device: DeviceName, in account: String) throws {
        for client in try ClientRegister(self.configuration).clients(account: account).clients {
            guard client.fingerprint != key.fingerprint else {
                throw SSHError(.misuse, "the key is one of the account's already")
            }
            guard client.comment.asciiLowercased != device.text else {
                throw SSHError(.misuse, "another key of the account is called \(device.text)")
            }
        }
    }
}
