import FoundationEssentials
import HTTPTypes

extension APIError {
    /// Also the answer for what is somebody else's: whether it exists is nobody else's business.
    static let conversationNotFound = APIError(
        status: .notFound, kind: .invalidRequest, code: "conversation_not_found",
        message: "There is no such conversation.")

    static let messageNotFound = APIError(
        status: .notFound, kind: .invalidRequest, code: "message_not_found",
        message: "There is no such message in this conversation.")

    static let messageInProgress = APIError(
        status: .conflict, kind: .invalidRequest, code: "message_in_progress",
        message: "This answer is still being generated; stop it, or wait for its end.")

    static let conversationFull = APIError(
        status: .conflict, kind: .invalidRequest, code: "conversation_full",
        message: "This conversation has the most messages that one can have (\(Store.maximumMessages)).")
}
