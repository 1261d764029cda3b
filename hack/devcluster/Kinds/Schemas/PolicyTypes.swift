extension BuiltInTypes {
    /// The types of policy/v1, autoscaling, storage.k8s.io/v1, scheduling.k8s.io/v1, coordination.k8s.io/v1 and events.k8s.io/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let policy = """
        PodDisruptionBudget: metadata#1 ObjectMeta; spec#2 PodDisruptionBudgetSpec; status#3 PodDisruptionBudgetStatus
        PodDisruptionBudgetSpec: maxUnavailable#3 x; minAvailable#1 x; selector#2 LabelSelector;
          unhealthyPodEvictionPolicy#4 s
        PodDisruptionBudgetStatus: conditions#7 [Condition]:type; currentHealthy#4 i; desiredHealthy#5 i;
          disruptedPods#2 {t}; disruptionsAllowed#3 i; expectedPods#6 i; observedGeneration#1 l
        Eviction: deleteOptions#2 DeleteOptions; metadata#1 ObjectMeta
        DeleteOptions: apiVersion s; dryRun#5 [s]; gracePeriodSeconds#1 l;
          ignoreStoreReadErrorWithClusterBreakingPotential#6 b; kind s; orphanDependents#3 b;
          preconditions#2 Preconditions; propagationPolicy#4 s
        Preconditions: resourceVersion#2 s; uid#1 s
        HorizontalPodAutoscaler: metadata#1 ObjectMeta; spec#2! HorizontalPodAutoscalerSpec;
          status#3 HorizontalPodAutoscalerStatus
        HorizontalPodAutoscalerSpec: behavior#5 HorizontalPodAutoscalerBehavior; maxReplicas#3! i;
          metrics#4 [MetricSpec]; minReplicas#2 i; scaleTargetRef#1! CrossVersionObjectReference
        HorizontalPodAutoscalerBehavior: scaleDown#2 HPAScalingRules; scaleUp#1 HPAScalingRules
        HPAScalingRules: policies#2 [HPAScalingPolicy]; selectPolicy#1 s; stabilizationWindowSeconds#3 i;
          tolerance#4 q
        HPAScalingPolicy: periodSeconds#3! i; type#1! s; value#2! i
        MetricSpec: containerResource#7 ContainerResourceMetricSource; external#5 ExternalMetricSource;
          object#2 ObjectMetricSource; pods#3 PodsMetricSource; resource#4 ResourceMetricSource; type#1! s
        ContainerResourceMetricSource: container#3! s; name#1! s; target#2! MetricTarget
        MetricTarget: averageUtilization#4 i; averageValue#3 q; type#1! s; value#2 q
        ExternalMetricSource: metric#1! MetricIdentifier; target#2! MetricTarget
        MetricIdentifier: name#1! s; selector#2 LabelSelector
        ObjectMetricSource: describedObject#1! CrossVersionObjectReference; metric#3! MetricIdentifier;
          target#2! MetricTarget
        CrossVersionObjectReference: apiVersion#3 s; kind#1! s; name#2! s
        PodsMetricSource: metric#1! MetricIdentifier; target#2! MetricTarget
        ResourceMetricSource: name#1! s; target#2! MetricTarget
        HorizontalPodAutoscalerStatus: conditions#6 [HorizontalPodAutoscalerCondition]:type;
          currentMetrics#5 [MetricStatus]; currentReplicas#3 i; desiredReplicas#4! i; lastScaleTime#2 t;
          observedGeneration#1 l
        HorizontalPodAutoscalerCondition: lastTransitionTime#3 t; message#5 s; reason#4 s; status#2! s; type#1! s
        MetricStatus: containerResource#7 ContainerResourceMetricStatus; external#5 ExternalMetricStatus;
          object#2 ObjectMetricStatus; pods#3 PodsMetricStatus; resource#4 ResourceMetricStatus; type#1! s
        ContainerResourceMetricStatus: container#3! s; current#2! MetricValueStatus; name#1! s
        MetricValueStatus: averageUtilization#3 i; averageValue#2 q; value#1 q
        ExternalMetricStatus: current#2! MetricValueStatus; metric#1! MetricIdentifier
        ObjectMetricStatus: current#2! MetricValueStatus; describedObject#3! CrossVersionObjectReference;
          metric#1! MetricIdentifier
        PodsMetricStatus: current#2! MetricValueStatus; metric#1! MetricIdentifier
        ResourceMetricStatus: current#2! MetricValueStatus; name#1! s
        HorizontalPodAutoscalerV1: metadata#1 ObjectMeta; spec#2 HorizontalPodAutoscalerV1Spec;
          status#3 HorizontalPodAutoscalerV1Status
        HorizontalPodAutoscalerV1Spec: maxReplicas#3! i; minReplicas#2 i;
          scaleTargetRef#1! CrossVersionObjectReference; targetCPUUtilizationPercentage#4 i
        HorizontalPodAutoscalerV1Status: currentCPUUtilizationPercentage#5 i; currentReplicas#3! i;
          desiredReplicas#4! i; lastScaleTime#2 t; observedGeneration#1 l
        Scale: metadata#1 ObjectMeta; spec#2 ScaleSpec; status#3 ScaleStatus
        ScaleSpec: replicas#1 i
        ScaleStatus: replicas#1! i; selector#2 s
        StorageClass: allowVolumeExpansion#6 b; allowedTopologies#8 [TopologySelectorTerm]; metadata#1 ObjectMeta;
          mountOptions#5 [s]; parameters#3 {s}; provisioner#2! s; reclaimPolicy#4 s; volumeBindingMode#7 s
        TopologySelectorTerm @: matchLabelExpressions#1 [TopologySelectorLabelRequirement]
        TopologySelectorLabelRequirement: key#1! s; values#2! [s]
        PriorityClass: description#4 s; globalDefault#3 b; metadata#1 ObjectMeta; preemptionPolicy#5 s; value#2 i
        Lease: metadata#1 ObjectMeta; spec#2 LeaseSpec
        LeaseSpec: acquireTime#3 u; holderIdentity#1 s; leaseDurationSeconds#2 i; leaseTransitions#5 i;
          preferredHolder#7 s; renewTime#4 u; strategy#6 s
        EventsEvent: action#6 s; deprecatedCount#15 i; deprecatedFirstTimestamp#13 t; deprecatedLastTimestamp#14 t;
          deprecatedSource#12 EventSource; eventTime#2! u; metadata#1 ObjectMeta; note#10 s; reason#7 s;
          regarding#8 ObjectReference; related#9 ObjectReference; reportingController#4 s; reportingInstance#5 s;
          series#3 EventsEventSeries; type#11 s
        EventsEventSeries: count#1! i; lastObservedTime#2! u
        """
}
