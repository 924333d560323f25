/// Why a text in a file has no meaning; the caller adds the file and the line.
package struct InvalidValue: Error, Hashable {
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}
