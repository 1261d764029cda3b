extension BuiltInTypes {
    /// The types of batch/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let batch = """
        Job: metadata ObjectMeta; spec JobSpec; status JobStatus
        JobSpec: activeDeadlineSeconds l; backoffLimit i; backoffLimitPerIndex i; completionMode s; completions i;
          managedBy s; manualSelector b; maxFailedIndexes i; parallelism i; podFailurePolicy PodFailurePolicy;
          podReplacementPolicy s; selector LabelSelector; successPolicy SuccessPolicy; suspend b;
          template! PodTemplateSpec; ttlSecondsAfterFinished i
        PodFailurePolicy: rules! [PodFailurePolicyRule]
        PodFailurePolicyRule: action! s; onExitCodes PodFailurePolicyOnExitCodesRequirement;
          onPodConditions [PodFailurePolicyOnPodConditionsPattern]
        PodFailurePolicyOnExitCodesRequirement: containerName s; operator! s; values! [i]:=
        PodFailurePolicyOnPodConditionsPattern: status s; type! s
        SuccessPolicy: rules! [SuccessPolicyRule]
        SuccessPolicyRule: succeededCount i; succeededIndexes s
        JobStatus: active i; completedIndexes s; completionTime t; conditions [JobCondition]~type; failed i;
          failedIndexes s; ready i; startTime t; succeeded i; terminating i;
          uncountedTerminatedPods UncountedTerminatedPods
        JobCondition: lastProbeTime t; lastTransitionTime t; message s; reason s; status! s; type! s
        UncountedTerminatedPods: failed [s]:=; succeeded [s]:=
        CronJob: metadata ObjectMeta; spec! CronJobSpec; status CronJobStatus
        CronJobSpec: concurrencyPolicy s; failedJobsHistoryLimit i; jobTemplate! JobTemplateSpec; schedule! s;
          startingDeadlineSeconds l; successfulJobsHistoryLimit i; suspend b; timeZone s
        JobTemplateSpec: metadata ObjectMeta; spec JobSpec
        CronJobStatus: active [ObjectReference]; lastScheduleTime t; lastSuccessfulTime t
        """
}
