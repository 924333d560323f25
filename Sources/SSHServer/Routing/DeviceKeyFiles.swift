import Glibc
import SSHConfiguration
import SSHSystem
import SSHWire

/// The host keys of an account's devices, in the StateDirectory: a file for each device, `host_keys/ACCOUNT/NAME`, with a key on
/// each line as in a .pub file.
struct DeviceKeyFiles {
    /// Bytes of one file.
    private static let longest = 64 << 10

    private let stateDirectory: String
    private let folder: String

    /// - Throws: `misuse` for an account whose name can be no folder's.
    init(_ stateDirectory: String, _ account: String) throws(SSHError) {
        guard AccountName(account) != nil else {
            throw SSHError(.misuse, "\"\(account.escapedForLog)\" cannot be an account")
        }
        self.stateDirectory = stateDirectory
        self.folder = "\(stateDirectory)/host_keys/\(account)"
    }

    /// No name begins with a dot, as do those of folders and of files that are being written.
    private func path(of name: DeviceName) -> String { "\(self.folder)/\(name.text)" }

    func keys(of name: DeviceName) throws -> [String] {
        let path = self.path(of: name)
        do {
            return try DeviceKeys.read(try BoundedFile(path: path, limit: Self.longest, mustBeRegular: true).bytes)
        } catch is BoundedFile.NotFound {
            return []
        } catch let error as InvalidValue {
            throw SSHError(.system, "\(path.escapedForLog) is damaged: \(error.reason)")
        }
    }

    func set(_ keys: [String], of name: DeviceName) throws {
        let path = self.path(of: name)
        let text = keys.map { "\($0)\n" }.joined()
        if (try? BoundedFile(path: path, limit: Self.longest, mustBeRegular: true))?.bytes == Array(text.utf8) {
            return
        }
        for folder in [SystemPath.parent(of: self.folder), self.folder] {
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Self.failure(folder, SystemError()) }
        }
        guard !FileState(of: path).isAbsent || self.hasRoom else { throw DeviceKeys.Full() }
        do throws(SystemError) {
            try WholeFile.write(Array(text.utf8), to: path, mode: 0o600)
        } catch {
            throw Self.failure(path, error)
        }
    }

    private var hasRoom: Bool {
        guard Self.devices(in: self.folder) < DeviceKeys.devicesOfAccount else { return false }
        let all = "\(self.stateDirectory)/host_keys"
        let accounts = SystemPath.names(in: all, most: DeviceKeys.devices)
        return accounts.reduce(0) { $0 + Self.devices(in: "\(all)/\($1)") } < DeviceKeys.devices
    }

    private static func devices(in folder: String) -> Int {
        SystemPath.names(in: folder, most: DeviceKeys.devices).count
    }

    private static func failure(_ path: String, _ error: SystemError) -> SSHError {
        SSHError(.system, "\(path.escapedForLog) cannot be written: \(error)")
    }
}
