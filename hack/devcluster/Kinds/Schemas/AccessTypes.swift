extension BuiltInTypes {
    /// The types of rbac.authorization.k8s.io/v1, authorization.k8s.io/v1 and authentication.k8s.io/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let access = """
        Role: metadata ObjectMeta; rules [PolicyRule]
        PolicyRule: apiGroups [s]; nonResourceURLs [s]; resourceNames [s]; resources [s]; verbs! [s]
        ClusterRole: aggregationRule AggregationRule; metadata ObjectMeta; rules [PolicyRule]
        AggregationRule: clusterRoleSelectors [LabelSelector]
        RoleBinding: metadata ObjectMeta; roleRef! RoleRef; subjects [Subject]
        RoleRef @: apiGroup s; kind! s; name! s
        Subject @: apiGroup s; kind! s; name! s; namespace s
        ClusterRoleBinding: metadata ObjectMeta; roleRef! RoleRef; subjects [Subject]
        SelfSubjectAccessReview: metadata ObjectMeta; spec! SelfSubjectAccessReviewSpec;
          status SubjectAccessReviewStatus
        SelfSubjectAccessReviewSpec: nonResourceAttributes NonResourceAttributes;
          resourceAttributes ResourceAttributes
        NonResourceAttributes: path s; verb s
        ResourceAttributes: fieldSelector FieldSelectorAttributes; group s; labelSelector LabelSelectorAttributes;
          name s; namespace s; resource s; subresource s; verb s; version s
        FieldSelectorAttributes: rawSelector s; requirements [FieldSelectorRequirement]
        FieldSelectorRequirement: key! s; operator! s; values [s]
        LabelSelectorAttributes: rawSelector s; requirements [LabelSelectorRequirement]
        SubjectAccessReviewStatus: allowed! b; denied b; evaluationError s; reason s
        SubjectAccessReview: metadata ObjectMeta; spec! SubjectAccessReviewSpec; status SubjectAccessReviewStatus
        SubjectAccessReviewSpec: extra {[s]}; groups [s]; nonResourceAttributes NonResourceAttributes;
          resourceAttributes ResourceAttributes; uid s; user s
        SelfSubjectRulesReview: metadata ObjectMeta; spec! SelfSubjectRulesReviewSpec; status SubjectRulesReviewStatus
        SelfSubjectRulesReviewSpec: namespace s
        SubjectRulesReviewStatus: evaluationError s; incomplete! b; nonResourceRules! [NonResourceRule];
          resourceRules! [ResourceRule]
        NonResourceRule: nonResourceURLs [s]; verbs! [s]
        ResourceRule: apiGroups [s]; resourceNames [s]; resources [s]; verbs! [s]
        LocalSubjectAccessReview: metadata ObjectMeta; spec! SubjectAccessReviewSpec; status SubjectAccessReviewStatus
        TokenRequest: metadata ObjectMeta; spec TokenRequestSpec; status TokenRequestStatus
        TokenRequestSpec: audiences [s]; boundObjectRef BoundObjectReference; expirationSeconds l
        BoundObjectReference: apiVersion s; kind s; name s; uid s
        TokenRequestStatus: expirationTimestamp t; token s
        TokenReview: metadata ObjectMeta; spec! TokenReviewSpec; status TokenReviewStatus
        TokenReviewSpec: audiences [s]; token! s
        TokenReviewStatus: audiences [s]; authenticated b; error s; user AuthUserInfo
        AuthUserInfo: extra {[s]}; groups [s]; uid s; username s
        SelfSubjectReview: metadata ObjectMeta; status SelfSubjectReviewStatus
        SelfSubjectReviewStatus: userInfo AuthUserInfo
        """
}
