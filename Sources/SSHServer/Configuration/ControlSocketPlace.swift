import Glibc

/// ControlSocket: where programs of this machine can give the relay commands.
public enum ControlSocketPlace: Hashable, Sendable {
    /// The PidFile's name with `.sock`; without a PidFile, `relay.sock` in the folder that systemd made for the relay.
    case besidePidFile
    case path(String)
    case nowhere
}

extension ServerConfiguration {
    /// The control socket's path; nil if there is none.
    public var controlSocketPath: String? {
        self.controlSocketPath { name in getenv(name).map { String(cString: $0) } }
    }

    /// - Parameter environment: looks a variable up.
    func controlSocketPath(environment: (String) -> String?) -> String? {
        switch self.controlSocket {
        case .nowhere: return nil
        case .path(let path): return path
        case .besidePidFile:
            let path = self.pidFile.map(Self.socket(beside:)) ?? Self.socket(in: environment("RUNTIME_DIRECTORY"))
            // Nobody has named it: where it cannot be, there is none.
            guard let path, (try? UnixPath(path)) != nil else { return nil }
            return path
        }
    }

    private static func socket(beside pidFile: String) -> String {
        (pidFile.hasSuffix(".pid") ? String(pidFile.dropLast(4)) : pidFile) + ".sock"
    }

    /// systemd separates several with colons.
    private static func socket(in runtimeDirectory: String?) -> String? {
        runtimeDirectory?.split(separator: ":").first.map { "\($0)/relay.sock" }
    }
}
