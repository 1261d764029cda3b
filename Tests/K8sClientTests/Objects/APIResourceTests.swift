import K8sClient
import Testing

@Suite("Where objects lie")
struct APIResourceTests {
    @Test("Paths of collections, objects and subresources")
    func paths() {
        #expect(APIResource.pods.path() == "/api/v1/pods")
        #expect(
            APIResource.pods.path(namespace: "n", name: "p", subresource: "log") == "/api/v1/namespaces/n/pods/p/log")
        #expect(APIResource.deployments.path(namespace: "n") == "/apis/apps/v1/namespaces/n/deployments")
        #expect(APIResource.namespaces.path(namespace: "ignored", name: "n") == "/api/v1/namespaces/n")
        let custom = APIResource(
            group: "chatbackend.io", version: "v1", kind: "ChatBackend", plural: "chatbackends", isNamespaced: false)
        #expect(custom.apiVersion == "chatbackend.io/v1")
        #expect(custom.path(name: "x", subresource: "status") == "/apis/chatbackend.io/v1/chatbackends/x/status")
    }

    @Test("No name leads elsewhere")
    func encoding() {
        #expect(
            APIResource.configMaps.path(namespace: "a/b", name: "c?d#e")
                == "/api/v1/namespaces/a%2Fb/configmaps/c%3Fd%23e")
        #expect(APIResource.configMaps.path(namespace: "..", name: ".") == "/api/v1/namespaces/%2E%2E/configmaps/%2E")
        #expect(APIResource.configMaps.path(namespace: "n", name: "ü") == "/api/v1/namespaces/n/configmaps/%C3%BC")
        #expect(APIResource.clusterRoles.path(name: "system:node").hasSuffix("/clusterroles/system:node"))
    }

    @Test("Listed kinds are found by apiVersion and kind")
    func lookup() {
        #expect(APIResource.builtIn(apiVersion: "apps/v1", kind: "Deployment") == .deployments)
        #expect(APIResource.builtIn(apiVersion: "v1", kind: "Deployment") == nil)
        #expect(Set(APIResource.builtIn.map(\.kind)).count == APIResource.builtIn.count)
    }

    @Test("Keys read as namespace/name, and an empty namespace is none")
    func keys() {
        #expect("\(ObjectKey(namespace: "n", name: "a"))" == "n/a")
        #expect("\(ObjectKey(name: "a"))" == "a")
        #expect(ObjectKey(namespace: "", name: "a") == ObjectKey(name: "a"))
    }

    @Test("Pointers of JSON patches escape what has a meaning in them")
    func pointer() {
        #expect(JSONPatchOperation.pointer("metadata", "annotations", "a.io/b~c") == "/metadata/annotations/a.io~1b~0c")
    }
}
