/// Why a setting's text was refused, worded to follow the setting's name: "must be a number from 0 to 65535".
struct InvalidValue: Error, Equatable {
    let requirement: String

    init(_ requirement: String) {
        self.requirement = requirement
    }
}
