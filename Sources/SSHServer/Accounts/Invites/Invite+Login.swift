import Glibc
import SSHConfiguration
import SSHCrypto
import SSHProtocol
import SSHSystem

extension Invite {
    /// The line as which an invite's key lets in: it may enrol a device, and nothing else.
    ///
    /// - Returns: nil if the key is no invite to the account, or none any more.
    static func line(
        for claim: LoginClaim,
        to account: Account,
        _ stateDirectory: String?,
        now: UInt64,
        _ consulted: inout ConsultedFiles
    ) -> AuthorizedKey? {
        guard let stateDirectory, case .key(let key) = claim.credential, key.type == "ssh-ed25519" else { return nil }
        let path = InviteStore(stateDirectory: stateDirectory).path(of: key)
        // One that cannot be read lets nobody in.
        guard let file = try? consulted.read(path), file.bytes.count <= InviteStore.longest,
            [0, geteuid()].contains(file.owner), file.mode & 0o022 == 0,
            let invite = try? Invite(text: String(decoding: file.bytes, as: UTF8.self)), invite.expires >= now,
            invite.account.hasSameBytes(as: account.name.text)
        else { return nil }
        var options = KeyOptions()
        options.permitsPortForwarding = false
        options.portForwardingRule = Rule(file: path, line: 1, text: "invite")
        options.permitsAgentForwarding = false
        options.permitsX11Forwarding = false
        options.permitsPTY = false
        options.permitsUserRC = false
        options.expiryTime = invite.expires
        options.permitCommands = .ofInvite
        return AuthorizedKey(
            options: options,
            keyType: key.type,
            blob: key.blob,
            comment: "invite",
            file: path,
            line: 1
        )
    }
}
