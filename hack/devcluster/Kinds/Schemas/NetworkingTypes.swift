extension BuiltInTypes {
    /// The types of networking.k8s.io/v1 and discovery.k8s.io/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let networking = """
        Ingress: metadata#1 ObjectMeta; spec#2 IngressSpec; status#3 IngressStatus
        IngressSpec: defaultBackend#1 IngressBackend; ingressClassName#4 s; rules#3 [IngressRule]; tls#2 [IngressTLS]
        IngressBackend: resource#3 TypedLocalObjectReference; service#4 IngressServiceBackend
        IngressServiceBackend: name#1! s; port#2 ServiceBackendPort
        ServiceBackendPort @: name#1 s; number#2 i
        IngressRule: host#1 s; http#2.1 HTTPIngressRuleValue
        HTTPIngressRuleValue: paths#1! [HTTPIngressPath]
        HTTPIngressPath: backend#2! IngressBackend; path#1 s; pathType#3! s
        IngressTLS: hosts#1 [s]; secretName#2 s
        IngressStatus: loadBalancer#1 IngressLoadBalancerStatus
        IngressLoadBalancerStatus: ingress#1 [IngressLoadBalancerIngress]
        IngressLoadBalancerIngress: hostname#2 s; ip#1 s; ports#4 [IngressPortStatus]
        IngressPortStatus: error#3 s; port#1! i; protocol#2! s
        IngressClass: metadata#1 ObjectMeta; spec#2 IngressClassSpec
        IngressClassSpec: controller#1 s; parameters#2 IngressClassParametersReference
        IngressClassParametersReference: apiGroup#1 s; kind#2! s; name#3! s; namespace#5 s; scope#4 s
        NetworkPolicy: metadata#1 ObjectMeta; spec#2 NetworkPolicySpec
        NetworkPolicySpec: egress#3 [NetworkPolicyEgressRule]; ingress#2 [NetworkPolicyIngressRule];
          podSelector#1 LabelSelector; policyTypes#4 [s]
        NetworkPolicyEgressRule: ports#1 [NetworkPolicyPort]; to#2 [NetworkPolicyPeer]
        NetworkPolicyPort: endPort#3 i; port#2 x; protocol#1 s
        NetworkPolicyPeer: ipBlock#3 IPBlock; namespaceSelector#2 LabelSelector; podSelector#1 LabelSelector
        IPBlock: cidr#1! s; except#2 [s]
        NetworkPolicyIngressRule: from#2 [NetworkPolicyPeer]; ports#1 [NetworkPolicyPort]
        EndpointSlice: addressType#4! s; endpoints#2 [Endpoint]; metadata#1 ObjectMeta;
          ports#3 [DiscoveryEndpointPort]
        Endpoint: addresses#1! [s]:=; conditions#2 EndpointConditions; deprecatedTopology#5 {s};
          hints#8 EndpointHints; hostname#3 s; nodeName#6 s; targetRef#4 ObjectReference; zone#7 s
        EndpointConditions: ready#1 b; serving#2 b; terminating#3 b
        EndpointHints: forNodes#2 [ForNode]; forZones#1 [ForZone]
        ForNode: name#1! s
        ForZone: name#1! s
        DiscoveryEndpointPort @: appProtocol#4 s; name#1 s; port#3 i; protocol#2 s
        """
}
