import FoundationEssentials
import HTTPTypes

extension APIError {
    static func generationInProgress(_ message: UUID) -> APIError {
        APIError(
            status: .conflict, kind: .invalidRequest, code: "generation_in_progress",
            message: "This conversation has an answer in progress: \(message.text). Stop it, or wait for its end.")
    }

    static let notUserMessage = APIError(
        status: .unprocessableContent, kind: .invalidRequest, code: "not_a_user_message",
        message: "Only messages of the user's can be edited.")

    static let notAnswer = APIError(
        status: .unprocessableContent, kind: .invalidRequest, code: "not_an_answer",
        message: "A message follows an answer; a message without one can be regenerated.", param: "parent_id")

    static let nothingToAnswer = APIError(
        status: .unprocessableContent, kind: .invalidRequest, code: "nothing_to_answer",
        message: "This message follows none that could be answered again.")

    static let keyReused = APIError(
        status: .unprocessableContent, kind: .invalidRequest, code: "idempotency_key_reused",
        message: "This Idempotency-Key was used for another request.", param: "Idempotency-Key")

    static let keyInUse = APIError(
        status: .conflict, kind: .invalidRequest, code: "idempotency_key_in_use",
        message: "Another request with this Idempotency-Key is being started; try again in a moment.",
        param: "Idempotency-Key")

    static let invalidKey = APIError(
        status: .badRequest, kind: .invalidRequest, code: "invalid_idempotency_key",
        message: "Idempotency-Key must have 1 to 200 printable ASCII characters.", param: "Idempotency-Key")

    static let invalidOffset = APIError(
        status: .badRequest, kind: .invalidRequest, code: "invalid_offset",
        message: "after and Last-Event-ID must be the id of an event of this message, or an offset in its text.",
        param: "after")
}
