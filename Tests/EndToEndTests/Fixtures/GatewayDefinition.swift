/// A CustomResourceDefinition of HTTPRoute with the fields that the operator writes, for clusters without the Gateway API.
enum GatewayDefinition {
    static let yaml = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: httproutes.gateway.networking.k8s.io
          annotations: {api-approved.kubernetes.io: "unapproved, a reduced definition for tests"}
        spec:
          group: gateway.networking.k8s.io
          scope: Namespaced
          names: {kind: HTTPRoute, listKind: HTTPRouteList, plural: httproutes, singular: httproute}
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec:
                      type: object
                      properties:
                        parentRefs:
                          type: array
                          items:
                            type: object
                            required: [name]
                            properties:
                              group: {type: string, default: gateway.networking.k8s.io}
                              kind: {type: string, default: Gateway}
                              name: {type: string}
                              namespace: {type: string}
                              sectionName: {type: string}
                        hostnames: {type: array, items: {type: string}}
                        rules:
                          type: array
                          items:
                            type: object
                            properties:
                              matches:
                                type: array
                                items:
                                  type: object
                                  properties:
                                    path:
                                      type: object
                                      properties: {type: {type: string}, value: {type: string}}
                              backendRefs:
                                type: array
                                items:
                                  type: object
                                  required: [name]
                                  properties:
                                    group: {type: string, default: ""}
                                    kind: {type: string, default: Service}
                                    name: {type: string}
                                    port: {type: integer, format: int32}
                                    weight: {type: integer, format: int32, default: 1}
                              timeouts:
                                type: object
                                properties: {request: {type: string}, backendRequest: {type: string}}
        """
}
