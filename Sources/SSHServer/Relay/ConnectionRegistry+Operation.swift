import NIOCore

extension ConnectionRegistry: OperatedConnections {
    func ask<Answer: Sendable>(
        _ numbers: ArraySlice<UInt64>,
        _ question: @escaping @Sendable (any OperatedConnection) -> Answer?
    ) async -> [Answer] {
        let loops = Dictionary(grouping: self.connections(numbers)) { ObjectIdentifier($0.1.eventLoop) }
        // All event loops at once: none waits for another.
        let futures = loops.values.compactMap { connections in
            connections.first?.1.eventLoop.submit {
                connections.compactMap { number, connection in question(connection.value).map { (number, $0) } }
            }
        }
        var answers: [(UInt64, Answer)] = []
        for future in futures { answers += (try? await future.get()) ?? [] }
        return answers.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
