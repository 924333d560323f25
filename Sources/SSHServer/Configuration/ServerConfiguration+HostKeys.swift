extension ServerConfiguration {
    /// Where keys are looked for when no HostKey line names one: the relay's own, or else those by which clients know this host's
    /// sshd.
    static let defaultHostKeyFolders = ["/etc/relay", "/etc/ssh"].map { folder in
        ["ed25519", "ecdsa", "rsa"].map { "\(folder)/ssh_host_\($0)_key" }
    }
}
