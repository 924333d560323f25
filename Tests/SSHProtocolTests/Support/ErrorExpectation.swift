import SSHWire
import Testing

/// Expects an `SSHError` with that code.
func expectError<Result>(
    _ code: SSHError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Result
) {
    let error = #expect(throws: SSHError.self, sourceLocation: sourceLocation) { _ = try body() }
    #expect(error?.code == code, sourceLocation: sourceLocation)
}
