/// What the service keeps, on either database. Its methods lie beside what they are about, as `Store+Users.swift` and so on.
struct Store: Sendable {
    let database: any Database
}
