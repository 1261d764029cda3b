@testable import K8sClient
import Testing

@Suite("The buffer between network and consumer")
struct ChunkBufferTests {
    private func offer(_ buffer: inout ChunkBuffer, _ count: Int) -> ChunkBuffer.Offer {
        [UInt8](repeating: 1, count: count).withUnsafeBytes { buffer.offer($0) }
    }

    @Test("It takes in up to the upper mark and asks for more at the lower one")
    func marks() {
        var buffer = ChunkBuffer()
        var accepted = 0
        while offer(&buffer, 16_384) == .accepted { accepted += 1 }
        #expect(accepted == ChunkBuffer.upperMark / 16_384)
        #expect(buffer.isPaused)
        var resumes = 0
        while case .chunk(_, let resume) = buffer.take() {
            if resume {
                resumes += 1
                #expect(buffer.byteCount <= ChunkBuffer.lowerMark)
            }
        }
        #expect(resumes == 1)
        #expect(!buffer.isPaused)
    }

    @Test("What was buffered at the end is still handed over; then the end, again and again")
    func end() {
        var buffer = ChunkBuffer()
        _ = offer(&buffer, 3)
        buffer.finish(.success(()))
        guard case .chunk(let bytes, _) = buffer.take() else {
            Issue.record("the chunk is lost")
            return
        }
        #expect(bytes.count == 3)
        for _ in 0..<2 {
            guard case .ended(.success) = buffer.take() else {
                Issue.record("no end")
                return
            }
        }
    }

    @Test("The first end stands")
    func firstEnd() {
        var buffer = ChunkBuffer()
        buffer.finish(.failure(KubernetesError(.connection, "broke")))
        buffer.finish(.success(()))
        guard case .ended(.failure(let error)) = buffer.take() else {
            Issue.record("no error")
            return
        }
        #expect(error.message == "broke")
    }
}
