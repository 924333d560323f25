import SSHSystem

/// `log NAME`: what happened to a device lately.
extension SessionAnswer {
    func log(_ name: DeviceName, isFollowed: Bool) async throws -> SessionCommandEnd {
        var last: [DeviceHistory.PlaceName: UInt64] = [:]
        var isFirst = true
        repeat {
            let places = self.context.routes.history.places(named: name, of: self.caller.account)
            if isFirst, places.isEmpty, !isFollowed { return .failure("log: nothing is known of \(name.text)") }
            var news: [(place: DeviceHistory.PlaceName, event: DeviceHistory.Event)] = []
            for place in places {
                let seen = last[place.name] ?? 0
                news += place.events.filter { $0.serial > seen }.map { (place.name, $0) }
                last[place.name] = place.events.last?.serial ?? seen
            }
            news.sort {
                ($0.event.time, $0.place.port, $0.event.serial) < ($1.event.time, $1.place.port, $1.event.serial)
            }
            try await self.write(news.map { self.line($0.place, $0.event) })
            isFirst = false
            if isFollowed { try await Task.sleep(for: Self.interval) }
        } while isFollowed
        return .success
    }

    private func line(_ place: DeviceHistory.PlaceName, _ event: DeviceHistory.Event) -> String {
        guard self.wantsJSON else {
            let words = [
                LogTime.text(event.time), "\(place.host):\(place.port)", event.kind.rawValue,
                "\(event.address) port \(event.port)",
            ]
            return words.joined(separator: self.stream.hasTerminal ? "  " : "\t")
        }
        return self.object { writer in
            writer.add("time", number: event.time)
            writer.add("name", text: place.host)
            writer.add("port", number: place.port)
            writer.add("event", text: event.kind.rawValue)
            writer.add("address", text: event.address)
            writer.add("from", number: event.port)
        }
    }
}
