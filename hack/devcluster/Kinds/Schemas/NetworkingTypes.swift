extension BuiltInTypes {
    /// The types of networking.k8s.io/v1 and discovery.k8s.io/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let networking = """
        Ingress: metadata ObjectMeta; spec IngressSpec; status IngressStatus
        IngressSpec: defaultBackend IngressBackend; ingressClassName s; rules [IngressRule]; tls [IngressTLS]
        IngressBackend: resource TypedLocalObjectReference; service IngressServiceBackend
        IngressServiceBackend: name! s; port ServiceBackendPort
        ServiceBackendPort @: name s; number i
        IngressRule: host s; http HTTPIngressRuleValue
        HTTPIngressRuleValue: paths! [HTTPIngressPath]
        HTTPIngressPath: backend! IngressBackend; path s; pathType! s
        IngressTLS: hosts [s]; secretName s
        IngressStatus: loadBalancer IngressLoadBalancerStatus
        IngressLoadBalancerStatus: ingress [IngressLoadBalancerIngress]
        IngressLoadBalancerIngress: hostname s; ip s; ports [IngressPortStatus]
        IngressPortStatus: error s; port! i; protocol! s
        IngressClass: metadata ObjectMeta; spec IngressClassSpec
        IngressClassSpec: controller s; parameters IngressClassParametersReference
        IngressClassParametersReference: apiGroup s; kind! s; name! s; namespace s; scope s
        NetworkPolicy: metadata ObjectMeta; spec NetworkPolicySpec
        NetworkPolicySpec: egress [NetworkPolicyEgressRule]; ingress [NetworkPolicyIngressRule];
          podSelector LabelSelector; policyTypes [s]
        NetworkPolicyEgressRule: ports [NetworkPolicyPort]; to [NetworkPolicyPeer]
        NetworkPolicyPort: endPort i; port x; protocol s
        NetworkPolicyPeer: ipBlock IPBlock; namespaceSelector LabelSelector; podSelector LabelSelector
        IPBlock: cidr! s; except [s]
        NetworkPolicyIngressRule: from [NetworkPolicyPeer]; ports [NetworkPolicyPort]
        EndpointSlice: addressType! s; endpoints [Endpoint]; metadata ObjectMeta; ports [DiscoveryEndpointPort]
        Endpoint: addresses! [s]:=; conditions EndpointConditions; deprecatedTopology {s}; hints EndpointHints;
          hostname s; nodeName s; targetRef ObjectReference; zone s
        EndpointConditions: ready b; serving b; terminating b
        EndpointHints: forNodes [ForNode]; forZones [ForZone]
        ForNode: name! s
        ForZone: name! s
        DiscoveryEndpointPort @: appProtocol s; name s; port i; protocol s
        """
}
