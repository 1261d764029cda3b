extension BuiltInTypes {
    /// The types of apps/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let apps = """
        Deployment: metadata ObjectMeta; spec DeploymentSpec; status DeploymentStatus
        DeploymentSpec: minReadySeconds i; paused b; progressDeadlineSeconds i; replicas i; revisionHistoryLimit i;
          selector! LabelSelector; strategy DeploymentStrategy; template! PodTemplateSpec
        DeploymentStrategy: rollingUpdate RollingUpdateDeployment; type s
        RollingUpdateDeployment: maxSurge x; maxUnavailable x
        PodTemplateSpec: metadata ObjectMeta; spec PodSpec
        DeploymentStatus: availableReplicas i; collisionCount i; conditions [DeploymentCondition]:type;
          observedGeneration l; readyReplicas i; replicas i; terminatingReplicas i; unavailableReplicas i;
          updatedReplicas i
        DeploymentCondition: lastTransitionTime t; lastUpdateTime t; message s; reason s; status! s; type! s
        ReplicaSet: metadata ObjectMeta; spec ReplicaSetSpec; status ReplicaSetStatus
        ReplicaSetSpec: minReadySeconds i; replicas i; selector! LabelSelector; template PodTemplateSpec
        ReplicaSetStatus: availableReplicas i; conditions [ReplicaSetCondition]:type; fullyLabeledReplicas i;
          observedGeneration l; readyReplicas i; replicas! i; terminatingReplicas i
        ReplicaSetCondition: lastTransitionTime t; message s; reason s; status! s; type! s
        StatefulSet: metadata ObjectMeta; spec StatefulSetSpec; status StatefulSetStatus
        StatefulSetSpec: minReadySeconds i; ordinals StatefulSetOrdinals;
          persistentVolumeClaimRetentionPolicy StatefulSetPersistentVolumeClaimRetentionPolicy; podManagementPolicy s;
          replicas i; revisionHistoryLimit i; selector! LabelSelector; serviceName s; template! PodTemplateSpec;
          updateStrategy StatefulSetUpdateStrategy; volumeClaimTemplates [PersistentVolumeClaim]
        StatefulSetOrdinals: start i
        StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted s; whenScaled s
        StatefulSetUpdateStrategy: rollingUpdate RollingUpdateStatefulSetStrategy; type s
        RollingUpdateStatefulSetStrategy: maxUnavailable x; partition i
        StatefulSetStatus: availableReplicas i; collisionCount i; conditions [StatefulSetCondition]:type;
          currentReplicas i; currentRevision s; observedGeneration l; readyReplicas i; replicas! i; updateRevision s;
          updatedReplicas i
        StatefulSetCondition: lastTransitionTime t; message s; reason s; status! s; type! s
        DaemonSet: metadata ObjectMeta; spec DaemonSetSpec; status DaemonSetStatus
        DaemonSetSpec: minReadySeconds i; revisionHistoryLimit i; selector! LabelSelector; template! PodTemplateSpec;
          updateStrategy DaemonSetUpdateStrategy
        DaemonSetUpdateStrategy: rollingUpdate RollingUpdateDaemonSet; type s
        RollingUpdateDaemonSet: maxSurge x; maxUnavailable x
        DaemonSetStatus: collisionCount i; conditions [DaemonSetCondition]:type; currentNumberScheduled! i;
          desiredNumberScheduled! i; numberAvailable i; numberMisscheduled! i; numberReady! i; numberUnavailable i;
          observedGeneration l; updatedNumberScheduled i
        DaemonSetCondition: lastTransitionTime t; message s; reason s; status! s; type! s
        """
}
