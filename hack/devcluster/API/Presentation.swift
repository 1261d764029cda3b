import K8sClient

/// Brings stored objects into the form that a client asked for.
struct Presentation: Sendable {
    let registry: Registry
    let kind: KindDefinition
    let form: ObjectForm
    /// What a table's rows carry of their object: `Metadata`, `Object` or `None`.
    let includeObject: String

    /// One object as JSON, as it stands in a list or a watch event.
    func item(_ stored: StoredObject) throws(StatusError) -> [UInt8] {
        switch form {
        case .full: return try registry.presentedBytes(stored, as: kind)
        case .metadata: return try metadata(stored)
        case .table: return table([try registry.present(stored, as: kind)], metadata: [:]).jsonBytes()
        }
    }

    /// An object's metadata alone, copied from its text: metadata is the same in every version and has no defaults.
    private func metadata(_ stored: StoredObject) throws(StatusError) -> [UInt8] {
        guard let metadata = stored.metadataBytes else {
            return Self.metadata(of: try registry.present(stored, as: kind)).jsonBytes()
        }
        let head = #"{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":"#
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.utf8.count + metadata.count + 1)
        bytes += head.utf8
        bytes += metadata
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// One object as the whole answer.
    func whole(_ object: JSONValue) -> JSONValue {
        switch form {
        case .full: object
        case .metadata: Self.metadata(of: object)
        case .table: table([object], metadata: ["resourceVersion": .string(object.meta.resourceVersion)])
        }
    }

    func table(_ objects: [JSONValue], metadata: JSONValue) -> JSONValue {
        [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": .array(kind.columns.map(\.object)), "rows": .array(objects.map(row)),
        ]
    }

    func row(_ object: JSONValue) -> JSONValue {
        var row: JSONValue = ["cells": .array(kind.cells(object))]
        switch includeObject {
        case "None": break
        case "Object": row["object"] = object
        default: row["object"] = Self.metadata(of: object)
        }
        return row
    }

    private static func metadata(of object: JSONValue) -> JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:],
        ]
    }

    /// What a list of this form is called.
    var listKind: (apiVersion: String, kind: String) {
        switch form {
        case .full: (kind.apiVersion, kind.listKind)
        case .metadata: ("meta.k8s.io/v1", "PartialObjectMetadataList")
        case .table: ("meta.k8s.io/v1", "Table")
        }
    }

    /// Names what a watch's lines depend on besides their events.
    var lineForm: String { "\(kind.apiVersion) \(kind.schemaRevision) \(form) \(includeObject)" }

    /// The object of a bookmark: only its version, and whether it ends the initial events of a watch.
    func bookmark(_ version: UInt64, endsInitialEvents: Bool = false) -> JSONValue {
        var metadata: JSONValue = ["resourceVersion": .string(String(version))]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        switch form {
        case .full:
            return ["kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion), "metadata": metadata]
        case .metadata:
            return ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata]
        case .table:
            return [
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": [],
                "rows": [
                    [
                        "cells": [],
                        "object": [
                            "kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion), "metadata": metadata,
                        ],
                    ]
                ],
            ]
        }
    }
}
