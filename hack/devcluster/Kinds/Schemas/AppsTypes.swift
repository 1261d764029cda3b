extension BuiltInTypes {
    /// The types of apps/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let apps = """
        Deployment: metadata#1 ObjectMeta; spec#2 DeploymentSpec; status#3 DeploymentStatus
        DeploymentSpec: minReadySeconds#5 i; paused#7 b; progressDeadlineSeconds#9 i; replicas#1 i;
          revisionHistoryLimit#6 i; selector#2! LabelSelector; strategy#4 DeploymentStrategy;
          template#3! PodTemplateSpec
        DeploymentStrategy: rollingUpdate#2 RollingUpdateDeployment; type#1 s
        RollingUpdateDeployment: maxSurge#2 x; maxUnavailable#1 x
        PodTemplateSpec: metadata#1 ObjectMeta; spec#2 PodSpec
        DeploymentStatus: availableReplicas#4 i; collisionCount#8 i; conditions#6 [DeploymentCondition]:type;
          observedGeneration#1 l; readyReplicas#7 i; replicas#2 i; terminatingReplicas#9 i; unavailableReplicas#5 i;
          updatedReplicas#3 i
        DeploymentCondition: lastTransitionTime#7 t; lastUpdateTime#6 t; message#5 s; reason#4 s; status#2! s;
          type#1! s
        ReplicaSet: metadata#1 ObjectMeta; spec#2 ReplicaSetSpec; status#3 ReplicaSetStatus
        ReplicaSetSpec: minReadySeconds#4 i; replicas#1 i; selector#2! LabelSelector; template#3 PodTemplateSpec
        ReplicaSetStatus: availableReplicas#5 i; conditions#6 [ReplicaSetCondition]:type; fullyLabeledReplicas#2 i;
          observedGeneration#3 l; readyReplicas#4 i; replicas#1! i; terminatingReplicas#7 i
        ReplicaSetCondition: lastTransitionTime#3 t; message#5 s; reason#4 s; status#2! s; type#1! s
        StatefulSet: metadata#1 ObjectMeta; spec#2 StatefulSetSpec; status#3 StatefulSetStatus
        StatefulSetSpec: minReadySeconds#9 i; ordinals#11 StatefulSetOrdinals;
          persistentVolumeClaimRetentionPolicy#10 StatefulSetPersistentVolumeClaimRetentionPolicy;
          podManagementPolicy#6 s; replicas#1 i; revisionHistoryLimit#8 i; selector#2! LabelSelector; serviceName#5 s;
          template#3! PodTemplateSpec; updateStrategy#7 StatefulSetUpdateStrategy;
          volumeClaimTemplates#4 [PersistentVolumeClaim]
        StatefulSetOrdinals: start#1 i
        StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted#1 s; whenScaled#2 s
        StatefulSetUpdateStrategy: rollingUpdate#2 RollingUpdateStatefulSetStrategy; type#1 s
        RollingUpdateStatefulSetStrategy: maxUnavailable#2 x; partition#1 i
        StatefulSetStatus: availableReplicas#11 i; collisionCount#9 i; conditions#10 [StatefulSetCondition]:type;
          currentReplicas#4 i; currentRevision#6 s; observedGeneration#1 l; readyReplicas#3 i; replicas#2! i;
          updateRevision#7 s; updatedReplicas#5 i
        StatefulSetCondition: lastTransitionTime#3 t; message#5 s; reason#4 s; status#2! s; type#1! s
        ControllerRevision: data#2 *; metadata#1 ObjectMeta; revision#3! l
        DaemonSet: metadata#1 ObjectMeta; spec#2 DaemonSetSpec; status#3 DaemonSetStatus
        DaemonSetSpec: minReadySeconds#4 i; revisionHistoryLimit#6 i; selector#1! LabelSelector;
          template#2! PodTemplateSpec; updateStrategy#3 DaemonSetUpdateStrategy
        DaemonSetUpdateStrategy: rollingUpdate#2 RollingUpdateDaemonSet; type#1 s
        RollingUpdateDaemonSet: maxSurge#2 x; maxUnavailable#1 x
        DaemonSetStatus: collisionCount#9 i; conditions#10 [DaemonSetCondition]:type; currentNumberScheduled#1! i;
          desiredNumberScheduled#3! i; numberAvailable#7 i; numberMisscheduled#2! i; numberReady#4! i;
          numberUnavailable#8 i; observedGeneration#5 l; updatedNumberScheduled#6 i
        DaemonSetCondition: lastTransitionTime#3 t; message#5 s; reason#4 s; status#2! s; type#1! s
        """
}
