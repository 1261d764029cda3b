extension BuiltInTypes {
    /// The types of rbac.authorization.k8s.io/v1, authorization.k8s.io/v1 and authentication.k8s.io/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let access = """
        Role: metadata#1 ObjectMeta; rules#2 [PolicyRule]
        PolicyRule: apiGroups#2 [s]; nonResourceURLs#5 [s]; resourceNames#4 [s]; resources#3 [s]; verbs#1! [s]
        ClusterRole: aggregationRule#3 AggregationRule; metadata#1 ObjectMeta; rules#2 [PolicyRule]
        AggregationRule: clusterRoleSelectors#1 [LabelSelector]
        RoleBinding: metadata#1 ObjectMeta; roleRef#3! RoleRef; subjects#2 [Subject]
        RoleRef @: apiGroup#1 s; kind#2! s; name#3! s
        Subject @: apiGroup#2 s; kind#1! s; name#3! s; namespace#4 s
        ClusterRoleBinding: metadata#1 ObjectMeta; roleRef#3! RoleRef; subjects#2 [Subject]
        SelfSubjectAccessReview: metadata#1 ObjectMeta; spec#2! SelfSubjectAccessReviewSpec;
          status#3 SubjectAccessReviewStatus
        SelfSubjectAccessReviewSpec: nonResourceAttributes#2 NonResourceAttributes;
          resourceAttributes#1 ResourceAttributes
        NonResourceAttributes: path#1 s; verb#2 s
        ResourceAttributes: fieldSelector#8 FieldSelectorAttributes; group#3 s;
          labelSelector#9 LabelSelectorAttributes; name#7 s; namespace#1 s; resource#5 s; subresource#6 s; verb#2 s;
          version#4 s
        FieldSelectorAttributes: rawSelector#1 s; requirements#2 [FieldSelectorRequirement]
        FieldSelectorRequirement: key! s; operator! s; values [s]
        LabelSelectorAttributes: rawSelector#1 s; requirements#2 [LabelSelectorRequirement]
        SubjectAccessReviewStatus: allowed#1! b; denied#4 b; evaluationError#3 s; reason#2 s
        SubjectAccessReview: metadata#1 ObjectMeta; spec#2! SubjectAccessReviewSpec;
          status#3 SubjectAccessReviewStatus
        SubjectAccessReviewSpec: extra#5 {[s]}; groups#4 [s]; nonResourceAttributes#2 NonResourceAttributes;
          resourceAttributes#1 ResourceAttributes; uid#6 s; user#3 s
        SelfSubjectRulesReview: metadata#1 ObjectMeta; spec#2! SelfSubjectRulesReviewSpec;
          status#3 SubjectRulesReviewStatus
        SelfSubjectRulesReviewSpec: namespace#1 s
        SubjectRulesReviewStatus: evaluationError#4 s; incomplete#3! b; nonResourceRules#2! [NonResourceRule];
          resourceRules#1! [ResourceRule]
        NonResourceRule: nonResourceURLs#2 [s]; verbs#1! [s]
        ResourceRule: apiGroups#2 [s]; resourceNames#4 [s]; resources#3 [s]; verbs#1! [s]
        LocalSubjectAccessReview: metadata#1 ObjectMeta; spec#2! SubjectAccessReviewSpec;
          status#3 SubjectAccessReviewStatus
        TokenRequest: metadata#1 ObjectMeta; spec#2 TokenRequestSpec; status#3 TokenRequestStatus
        TokenRequestSpec: audiences#1 [s]; boundObjectRef#3 BoundObjectReference; expirationSeconds#4 l
        BoundObjectReference: apiVersion#2 s; kind#1 s; name#3 s; uid#4 s
        TokenRequestStatus: expirationTimestamp#2 t; token#1 s
        TokenReview: metadata#1 ObjectMeta; spec#2! TokenReviewSpec; status#3 TokenReviewStatus
        TokenReviewSpec: audiences#2 [s]; token#1! s
        TokenReviewStatus: audiences#4 [s]; authenticated#1 b; error#3 s; user#2 AuthUserInfo
        AuthUserInfo: extra#4 {[s]}; groups#3 [s]; uid#2 s; username#1 s
        SelfSubjectReview: metadata#1 ObjectMeta; status#2 SelfSubjectReviewStatus
        SelfSubjectReviewStatus: userInfo#1 AuthUserInfo
        """
}
