import SSHConfiguration
import SSHCrypto
import Synchronization

/// The host keys of devices' own SSH servers, by account and name.
final class DeviceKeys: Sendable {
    static let keysOfDevice = 8
    static let devices = 65_536
    static let devicesOfAccount = 16_384

    private let accounts = Mutex<[[UInt8]: [DeviceName: [String]]]>([:])

    /// As in known_hosts: type and base64.
    func keys(of name: DeviceName, _ account: String) -> [String] {
        self.accounts.withLock { $0[Array(account.utf8)]?[name] ?? [] }
    }

    /// In place of those that it had.
    ///
    /// - Returns: false if there are as many devices as there may be.
    func set(_ keys: [String], of name: DeviceName, _ account: String) -> Bool {
        self.accounts.withLock { accounts in
            let account = Array(account.utf8)
            let hasRoom =
                accounts[account]?[name] != nil
                || (accounts[account]?.count ?? 0) < Self.devicesOfAccount
                    && accounts.values.reduce(0) { $0 + $1.count } < Self.devices
            if hasRoom { accounts[account, default: [:]][name] = keys }
            return hasRoom
        }
    }

    /// Reads files of public keys, as ssh-keygen and sshd write them, one behind the other.
    ///
    /// - Throws: `InvalidValue` for what is no such text.
    static func read(_ bytes: [UInt8]) throws(InvalidValue) -> [String] {
        var keys: [String] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard line.first != "#" else { continue }
            guard let key = try? PublicKey(openSSHLine: String(line)) else {
                throw InvalidValue("a line is no public key such as those in /etc/ssh/ssh_host_ed25519_key.pub")
            }
            let text = "\(key.type) \(Base64.encode(key.blob))"
            if !keys.contains(text) { keys.append(text) }
        }
        guard !keys.isEmpty else { throw InvalidValue("there is no public key") }
        guard keys.count <= Self.keysOfDevice else {
            throw InvalidValue("\(keys.count) keys, and a device has at most \(Self.keysOfDevice)")
        }
        return keys
    }
}
