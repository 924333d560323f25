public import NIOCore
import NIOPosix

/// One event loop's connections to agents, one for each socket. All calls come on that event loop.
public final class AgentConnections {
    private static let ofThisThread = ThreadSpecificVariable<NIOLoopBoundBox<AgentConnections>>()

    private let eventLoop: any EventLoop
    private var connections: [String: AgentConnection] = [:]

    private init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Those of the event loop that this runs on.
    public static func of(_ eventLoop: any EventLoop) -> AgentConnections {
        if let box = self.ofThisThread.currentValue, box.eventLoop === eventLoop { return box.value }
        let connections = AgentConnections(eventLoop)
        self.ofThisThread.currentValue = NIOLoopBoundBox(connections, eventLoop: eventLoop)
        return connections
    }

    /// The connection to an agent, which is made when something is asked.
    ///
    /// - Parameter answerTime: how long a request may take, if this is the first call for the path.
    public func connection(to path: String, answerTime: TimeAmount) -> AgentConnection {
        if let connection = self.connections[path] { return connection }
        let connection = AgentConnection(path: path, on: self.eventLoop, answerTime: answerTime)
        self.connections[path] = connection
        return connection
    }
}
