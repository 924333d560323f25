import Testing

@testable import SSHProtocol

@Suite struct ReplyQueueTests {
    @Test func repliesLeaveInTheOrderOfTheirRequests() {
        var queue = ReplyQueue<String>()
        let numbers = (0..<4).map { _ in queue.append() }
        #expect(queue.count == 4)
        let early = [queue.answer(numbers[2], "2"), queue.answer(numbers[1], "1")]
        #expect(early == [true, true])
        let none = queue.next()
        #expect(none == nil)
        _ = queue.answer(numbers[0], "0")
        let ready = [queue.next(), queue.next(), queue.next(), queue.next()]
        #expect(ready == ["0", "1", "2", nil])
        let last = queue.append()
        _ = (queue.answer(last, "4"), queue.answer(numbers[3], "3"))
        let rest = [queue.next(), queue.next(), queue.next()]
        #expect(rest == ["3", "4", nil])
        #expect(queue.count == 0)
    }

    @Test func aNoIsAReplyToo() {
        var queue = ReplyQueue<String?>()
        _ = queue.answer(queue.append(), nil)
        let replies = [queue.next(), queue.next()]
        #expect(replies == [.some(nil), nil])
    }

    @Test func onlyARequestThatWaitsIsAnswered() {
        var queue = ReplyQueue<Bool>()
        let early = queue.answer(0, true)
        #expect(!early)
        let (first, second) = (queue.append(), queue.append())
        let unknown = [queue.answer(second + 1, true), queue.answer(.max, true)]
        #expect(unknown == [false, false])
        let answered = [first, first, second, second].map { queue.answer($0, true) }
        #expect(answered == [true, false, true, false])
        _ = queue.next()
        let gone = queue.answer(first, true)
        #expect(!gone)
    }
}

@Suite struct ShortQueueTests {
    @Test func whatCameFirstLeavesFirst() {
        var queue = ShortQueue<Int>()
        var left: [Int?] = []
        for round in 0..<3 {
            for number in 0...round { queue.append(10 * round + number) }
            #expect(queue.count == round + 1)
            for _ in 0...round { left.append(queue.popFirst()) }
        }
        left.append(queue.popFirst())
        #expect(left == [0, 10, 11, 20, 21, 22, nil])
    }

    @Test func anElementIsFoundAndChangedByItsPlace() {
        var queue = ShortQueue<Int>()
        for number in 0..<3 { queue.append(number) }
        for place in 0..<3 { queue[place] = queue[place].map { $0 + 7 } }
        let left = [queue.popFirst(), queue.popFirst(), queue.popFirst()]
        #expect(left == [7, 8, 9])
    }
}
