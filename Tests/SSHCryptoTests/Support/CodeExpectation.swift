import SSHWire
import Testing

/// Expects an `SSHError` with the given code.
func expectError<Result>(
    _ code: SSHError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Result
) {
    expectError(of: [code], sourceLocation: sourceLocation, body)
}

/// Expects an `SSHError` with one of the given codes.
func expectError<Result>(
    of codes: [SSHError.Code],
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Result
) {
    do {
        _ = try body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
    } catch {
        let code = (error as? SSHError)?.code
        #expect(code.map { codes.contains($0) } == true, "\(error)", sourceLocation: sourceLocation)
    }
}
