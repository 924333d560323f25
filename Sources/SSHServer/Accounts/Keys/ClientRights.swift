/// What a line of authorized_keys lets its key do; nothing, unless something is said.
package struct ClientRights: Hashable, Sendable {
    /// As `permitlisten=`, such as `nuc:22` or `%k:22`.
    package var listen: [String] = []
    /// As `permitopen=`, such as `nuc:*`.
    package var open: [String] = []
    /// As `permitcommand=`, such as `list`.
    package var commands: [String] = []
    /// As `expiry-time=`; `2027-01-01` and `2027-01-01T12:00Z` are taken, too.
    package var expires: String?

    package init() {}

    /// So many of each kind.
    static let most = 64
    /// A target that nobody asks for: without any, nothing would be limited.
    static let nothing = "none:1"
}
