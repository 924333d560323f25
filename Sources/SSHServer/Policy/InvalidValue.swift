/// Why a text in a file has no meaning; the caller adds the file and the line.
struct InvalidValue: Error, Hashable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
