import HeapModule

/// Connections by their sources, so that whoever has the most of them is found at once, and among these the one to lose first.
struct ConnectionsBySource<Source: Hashable & Sendable>: Sendable {
    /// A source that is known counts for this part of what it has.
    private static var knownShare: Int { 8 }

    private struct Place: Comparable {
        /// The lowest loses first; of equals, who came first.
        let rank: Int
        let serial: UInt64
        let id: UInt64

        static func < (left: Self, right: Self) -> Bool { (left.rank, left.serial) < (right.rank, right.serial) }
    }

    private struct Line {
        /// Also places that count no more: those are passed over when their turn comes.
        var places = Heap<Place>()
        var count = 0
        var isKnown = false

        var weight: Int { self.isKnown ? self.count / knownShare : self.count }
    }

    private var lines: [Source: Line] = [:]
    private var places: [UInt64: Place] = [:]
    /// The sources of each weight; the last of these sets is not empty.
    private var byWeight: [Set<Source>] = []
    private var nextSerial: UInt64 = 0

    var count: Int { self.places.count }

    func count(of source: Source) -> Int { self.lines[source]?.count ?? 0 }

    /// Puts a connection in, or at another place.
    ///
    /// - Parameter isKnown: its source has shown that it has a right to be here.
    mutating func insert(_ id: UInt64, of source: Source, rank: Int, isKnown: Bool = false) {
        self.nextSerial &+= 1
        let place = Place(rank: rank, serial: self.nextSerial, id: id)
        let isNew = self.places.updateValue(place, forKey: id) == nil
        let before = self.lines[source]?.weight
        self.lines[source, default: Line()].places.insert(place)
        if isNew { self.lines[source]?.count += 1 }
        if isKnown { self.lines[source]?.isKnown = true }
        self.move(source, from: before)
        self.tidy(source)
    }

    mutating func remove(_ id: UInt64, of source: Source) {
        guard self.places.removeValue(forKey: id) != nil else { return }
        let before = self.lines[source]?.weight
        self.lines[source]?.count -= 1
        self.move(source, from: before)
        self.tidy(source)
    }

    /// Takes out who has to go first: of the source that has the most, the one of the lowest rank.
    mutating func popFirst() -> UInt64? {
        self.byWeight.last?.first.flatMap { self.popFirst(of: $0) }
    }

    mutating func popFirst(of source: Source) -> UInt64? {
        while let place = self.lines[source]?.places.popMin() {
            guard self.places[place.id] == place else { continue }
            self.remove(place.id, of: source)
            return place.id
        }
        return nil
    }

    private mutating func move(_ source: Source, from before: Int?) {
        let after = self.lines[source]?.weight ?? 0
        let isGone = self.lines[source]?.count == 0
        if isGone { self.lines[source] = nil }
        guard before != after || isGone else { return }
        if let before, before < self.byWeight.count { self.byWeight[before].remove(source) }
        if !isGone {
            while self.byWeight.count <= after { self.byWeight.append([]) }
            self.byWeight[after].insert(source)
        }
        while self.byWeight.last?.isEmpty == true { self.byWeight.removeLast() }
    }

    /// Lets go of places that count no more once they are the most.
    private mutating func tidy(_ source: Source) {
        guard let line = self.lines[source], line.places.count > 2 * line.count + 8 else { return }
        self.lines[source]?.places = Heap(line.places.unordered.filter { self.places[$0.id] == $0 })
    }
}
