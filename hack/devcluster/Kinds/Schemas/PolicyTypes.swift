extension BuiltInTypes {
    /// The types of policy/v1, autoscaling, storage.k8s.io/v1, scheduling.k8s.io/v1, coordination.k8s.io/v1 and events.k8s.io/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let policy = """
        PodDisruptionBudget: metadata ObjectMeta; spec PodDisruptionBudgetSpec; status PodDisruptionBudgetStatus
        PodDisruptionBudgetSpec: maxUnavailable x; minAvailable x; selector LabelSelector;
          unhealthyPodEvictionPolicy s
        PodDisruptionBudgetStatus: conditions [Condition]:type; currentHealthy i; desiredHealthy i; disruptedPods {t};
          disruptionsAllowed i; expectedPods i; observedGeneration l
        Eviction: deleteOptions DeleteOptions; metadata ObjectMeta
        DeleteOptions: apiVersion s; dryRun [s]; gracePeriodSeconds l;
          ignoreStoreReadErrorWithClusterBreakingPotential b; kind s; orphanDependents b; preconditions Preconditions;
          propagationPolicy s
        Preconditions: resourceVersion s; uid s
        HorizontalPodAutoscaler: metadata ObjectMeta; spec! HorizontalPodAutoscalerSpec;
          status HorizontalPodAutoscalerStatus
        HorizontalPodAutoscalerSpec: behavior HorizontalPodAutoscalerBehavior; maxReplicas! i; metrics [MetricSpec];
          minReplicas i; scaleTargetRef! CrossVersionObjectReference
        HorizontalPodAutoscalerBehavior: scaleDown HPAScalingRules; scaleUp HPAScalingRules
        HPAScalingRules: policies [HPAScalingPolicy]; selectPolicy s; stabilizationWindowSeconds i; tolerance q
        HPAScalingPolicy: periodSeconds! i; type! s; value! i
        MetricSpec: containerResource ContainerResourceMetricSource; external ExternalMetricSource;
          object ObjectMetricSource; pods PodsMetricSource; resource ResourceMetricSource; type! s
        ContainerResourceMetricSource: container! s; name! s; target! MetricTarget
        MetricTarget: averageUtilization i; averageValue q; type! s; value q
        ExternalMetricSource: metric! MetricIdentifier; target! MetricTarget
        MetricIdentifier: name! s; selector LabelSelector
        ObjectMetricSource: describedObject! CrossVersionObjectReference; metric! MetricIdentifier;
          target! MetricTarget
        CrossVersionObjectReference: apiVersion s; kind! s; name! s
        PodsMetricSource: metric! MetricIdentifier; target! MetricTarget
        ResourceMetricSource: name! s; target! MetricTarget
        HorizontalPodAutoscalerStatus: conditions [HorizontalPodAutoscalerCondition]:type;
          currentMetrics [MetricStatus]; currentReplicas i; desiredReplicas! i; lastScaleTime t; observedGeneration l
        HorizontalPodAutoscalerCondition: lastTransitionTime t; message s; reason s; status! s; type! s
        MetricStatus: containerResource ContainerResourceMetricStatus; external ExternalMetricStatus;
          object ObjectMetricStatus; pods PodsMetricStatus; resource ResourceMetricStatus; type! s
        ContainerResourceMetricStatus: container! s; current! MetricValueStatus; name! s
        MetricValueStatus: averageUtilization i; averageValue q; value q
        ExternalMetricStatus: current! MetricValueStatus; metric! MetricIdentifier
        ObjectMetricStatus: current! MetricValueStatus; describedObject! CrossVersionObjectReference;
          metric! MetricIdentifier
        PodsMetricStatus: current! MetricValueStatus; metric! MetricIdentifier
        ResourceMetricStatus: current! MetricValueStatus; name! s
        Scale: metadata ObjectMeta; spec ScaleSpec; status ScaleStatus
        ScaleSpec: replicas i
        ScaleStatus: replicas! i; selector s
        StorageClass: allowVolumeExpansion b; allowedTopologies [TopologySelectorTerm]; metadata ObjectMeta;
          mountOptions [s]; parameters {s}; provisioner! s; reclaimPolicy s; volumeBindingMode s
        TopologySelectorTerm @: matchLabelExpressions [TopologySelectorLabelRequirement]
        TopologySelectorLabelRequirement: key! s; values! [s]
        PriorityClass: description s; globalDefault b; metadata ObjectMeta; preemptionPolicy s; value i
        Lease: metadata ObjectMeta; spec LeaseSpec
        LeaseSpec: acquireTime u; holderIdentity s; leaseDurationSeconds i; leaseTransitions i; preferredHolder s;
          renewTime u; strategy s
        EventsEvent: action s; deprecatedCount i; deprecatedFirstTimestamp t; deprecatedLastTimestamp t;
          deprecatedSource EventSource; eventTime! u; metadata ObjectMeta; note s; reason s;
          regarding ObjectReference; related ObjectReference; reportingController s; reportingInstance s;
          series EventsEventSeries; type s
        EventsEventSeries: count! i; lastObservedTime! u
        """
}
