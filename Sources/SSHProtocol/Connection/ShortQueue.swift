import DequeModule

/// A queue that mostly holds one element, which needs no memory of its own.
struct ShortQueue<Element> {
    private var head: Element?
    private var others = Deque<Element>()

    var count: Int { self.head == nil ? 0 : 1 + self.others.count }

    mutating func append(_ element: Element) {
        if self.head == nil { self.head = element } else { self.others.append(element) }
    }

    mutating func popFirst() -> Element? {
        guard let first = self.head else { return nil }
        self.head = self.others.popFirst()
        // An idle connection keeps nothing.
        if self.others.isEmpty { self.others = Deque() }
        return first
    }

    /// - Parameter place: below `count`.
    subscript(place: Int) -> Element? {
        get { place == 0 ? self.head : self.others[place - 1] }
        set {
            guard let newValue else { return }
            if place == 0 { self.head = newValue } else { self.others[place - 1] = newValue }
        }
    }
}
