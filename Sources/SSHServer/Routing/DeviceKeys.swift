import SSHConfiguration
import SSHCrypto
import Synchronization

/// The host keys of devices' own SSH servers, by account and name: in the StateDirectory, or in memory where there is none.
///
/// Reading and writing may have to wait for the file system.
final class DeviceKeys: Sendable {
    static let keysOfDevice = 8
    static let devices = 65_536
    static let devicesOfAccount = 16_384

    /// There are as many devices as there may be.
    struct Full: Error {}

    private let accounts = Mutex<[[UInt8]: [DeviceName: [String]]]>([:])

    /// - Parameter stateDirectory: nil for what is kept in memory.
    /// - Returns: type and base64 of each, as in known_hosts.
    /// - Throws: `SSHError` if they cannot be read, or are damaged.
    func keys(of name: DeviceName, _ account: String, _ stateDirectory: String?) throws -> [String] {
        guard let stateDirectory else { return self.accounts.withLock { $0[Array(account.utf8)]?[name] ?? [] } }
        return try DeviceKeyFiles(stateDirectory, account).keys(of: name)
    }

    /// In place of those that it had.
    ///
    /// - Parameter stateDirectory: nil to keep them in memory.
    /// - Throws: `Full`, or `SSHError` if they cannot be written.
    func set(_ keys: [String], of name: DeviceName, _ account: String, _ stateDirectory: String?) throws {
        guard let stateDirectory else { return try self.remember(keys, name, Array(account.utf8)) }
        try DeviceKeyFiles(stateDirectory, account).set(keys, of: name)
    }

    private func remember(_ keys: [String], _ name: DeviceName, _ account: [UInt8]) throws(Full) {
        let isFull = self.accounts.withLock { accounts in
            let hasRoom =
                accounts[account]?[name] != nil
                || (accounts[account]?.count ?? 0) < Self.devicesOfAccount
                    && accounts.values.reduce(0) { $0 + $1.count } < Self.devices
            if hasRoom { accounts[account, default: [:]][name] = keys }
            return !hasRoom
        }
        if isFull { throw Full() }
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
