import ArgumentParser
import SystemPackage

/// Why a maintenance command did not do what it was asked.
struct MaintenanceError: Error, Sendable, CustomStringConvertible {
    /// One line for people; holds no secrets.
    let description: String
    /// What the process ends with.
    let status: ExitCode

    /// A backup is damaged, or newer than this program.
    static func badBackup(_ description: String) -> MaintenanceError {
        MaintenanceError(description: description, status: .dataError)
    }

    /// A database or a program is not there, or does not do its part.
    static func unavailable(_ description: String) -> MaintenanceError {
        MaintenanceError(description: description, status: .unavailable)
    }

    /// The target is in use, or another backup runs.
    static func busy(_ description: String) -> MaintenanceError {
        MaintenanceError(description: description, status: .temporaryFailure)
    }

    /// It would destroy what this program did not make.
    static func refused(_ description: String) -> MaintenanceError {
        MaintenanceError(description: description, status: .noPermission)
    }

    /// - Parameter action: What failed, as in "write /backups/x".
    static func file(_ action: String, _ error: Errno) -> MaintenanceError {
        let cannotCreate: [Errno] = [.permissionDenied, .readOnlyFileSystem, .noSuchFileOrDirectory, .notDirectory]
        return MaintenanceError(
            description: "cannot \(action): \(SystemError.message(error.rawValue))",
            status: cannotCreate.contains(error) ? .cannotCreate : .inputOutput)
    }

    /// The error with its reason for commands, whatever part it came from.
    static func of(_ error: any Error) -> MaintenanceError {
        switch error {
        case let error as MaintenanceError: error
        case let error as DatabaseError: .of(error)
        case let error as Errno: .file("read or write", error)
        default: MaintenanceError(description: "\(error)", status: .failure)
        }
    }

    private static func of(_ error: DatabaseError) -> MaintenanceError {
        let status: ExitCode =
            switch error.code {
            case .schemaTooNew: .dataError
            case .diskFull: .inputOutput
            case .timedOut: .temporaryFailure
            default: .unavailable
            }
        return MaintenanceError(description: error.message, status: status)
    }
}
