import SSHProtocol

/// What `relay -V` prints.
public enum RelayVersion {
    private static let number = "0.1"
    static let name = "relay_\(Self.number)"

    public static let text = "relay \(Self.number), protocol 2.0, \(EngineConfiguration(role: .server).softwareVersion)"
}
