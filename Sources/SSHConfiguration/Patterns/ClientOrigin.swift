/// From where a client comes: what `from=` and the HOST of AllowUsers look at.
package struct ClientOrigin: Hashable, Sendable {
    package let address: String
    /// The client's name, or its address again if it has none.
    package let host: String
    /// No where the client may have a name, but whoever could say it did not.
    package let isNameKnown: Bool

    package init(address: String, host: String, isNameKnown: Bool = true) {
        self.address = address
        self.host = host
        self.isNameKnown = isNameKnown
    }
}
