import SSHProtocol

/// What `relay -V` prints.
public enum RelayVersion {
    public static let text = "relay 0.1, protocol 2.0, \(EngineConfiguration(role: .server).softwareVersion)"
}
