import Foundation
import Synchronization

@testable import Backend

/// A model that says what a test tells it to, when it tells it to.
final class ScriptedModel: CompletionModel {
    typealias Script = @Sendable (CompletionRequest, _ emit: (String) -> Void) async throws -> CompletionEnd

    private struct Storage {
        var requests: [CompletionRequest] = []
        var cancelled = 0
    }

    private let script: Script
    private let storage = Mutex(Storage())

    init(_ script: @escaping Script) { self.script = script }

    /// Says its pieces, one at each call of the gate.
    convenience init(_ pieces: [String], gate: Gate) {
        self.init { _, emit in
            for piece in pieces {
                try await gate.pass()
                emit(piece)
            }
            try await gate.pass()
            return CompletionEnd(finishReason: "stop", usage: .init(promptTokens: 7, completionTokens: pieces.count))
        }
    }

    /// What it was asked, titles left out.
    var requests: [CompletionRequest] { storage.withLock { $0.requests } }
    /// How many requests were cancelled.
    var cancelled: Int { storage.withLock { $0.cancelled } }

    func complete(_ request: CompletionRequest, onText: @Sendable (String) -> Void) async throws -> CompletionEnd {
        guard request.turns.first?.content != TitleText.instruction else {
            onText("\"A fine title.\"")
            return CompletionEnd(finishReason: "stop")
        }
        storage.withLock { $0.requests.append(request) }
        do {
            return try await script(request, onText)
        } catch is CancellationError {
            storage.withLock { $0.cancelled += 1 }
            throw CancellationError()
        }
    }
}

/// Lets a model go on step by step.
final class Gate: Sendable {
    private struct Storage {
        var open = 0
        var isOpen = false
    }

    private let storage = Mutex(Storage())

    /// Lets it go on by so many steps.
    func open(_ steps: Int = 1) { storage.withLock { $0.open += steps } }

    /// Lets it go on for good.
    func openForGood() { storage.withLock { $0.isOpen = true } }

    func pass() async throws {
        while true {
            let passes = storage.withLock { storage in
                if storage.isOpen { return true }
                guard storage.open > 0 else { return false }
                storage.open -= 1
                return true
            }
            if passes { return }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
