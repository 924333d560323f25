import NIOCore
import SSHClient
import SSHSystem

extension TunnelStatus {
    /// One object on one line, for programs. Times are seconds since 1970.
    ///
    /// - Parameters:
    ///   - now: on both clocks at the same moment.
    func json(process: Int32, now: NIODeadline, secondsNow: Int) -> String {
        let time = { (moment: NIODeadline) in max(0, secondsNow - Int((now - moment).nanoseconds / 1_000_000_000)) }
        var writer = JSONObjectWriter()
        writer.add("host", text: self.host)
        writer.add("process", number: process)
        writer.add("stands", flag: self.stands)
        writer.add("relays", objects: self.relays) { $0.write(to: &$1, time) }
        return writer.text
    }
}

extension RelayStatus {
    fileprivate func write(to writer: inout JSONObjectWriter, _ time: (NIODeadline) -> Int) {
        writer.add("relay", text: self.name)
        switch self.state {
        case .connecting: writer.add("state", text: "connecting")
        case .connected: writer.add("state", text: "connected")
        case .waiting(let cause):
            writer.add("state", text: "waiting")
            writer.add("cause", text: cause)
        }
        if let address { writer.add("address", text: address) }
        writer.add("since", number: time(self.since))
        writer.add("sent", number: self.traffic.sent)
        writer.add("received", number: self.traffic.received)
        writer.add("forwards", objects: self.forwards) { $0.write(to: &$1, isConnected: self.isConnected) }
        writer.add("outages", objects: self.outages) { outage, writer in
            writer.add("began", number: time(outage.began))
            if let ended = outage.ended { writer.add("ended", number: time(ended)) }
            writer.add("cause", text: outage.cause)
        }
    }
}

extension ForwardStatus {
    fileprivate func write(to writer: inout JSONObjectWriter, isConnected: Bool) {
        writer.add("forward", text: self.words)
        switch self.state {
        case .awaited: writer.add("state", text: "waiting")
        case .given(let port):
            writer.add("state", text: isConnected ? "stands" : "held")
            if let port { writer.add("port", number: port) }
        case .refused(let cause):
            writer.add("state", text: "refused")
            writer.add("cause", text: cause)
        }
    }
}
