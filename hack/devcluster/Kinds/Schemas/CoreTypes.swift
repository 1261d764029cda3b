extension BuiltInTypes {
    /// The types of core/v1,
    /// in the short notation that `SchemaNotation` reads: what Kubernetes v1.36 publishes as OpenAPI.
    static let core = """
        Namespace: metadata#1 ObjectMeta; spec#2 NamespaceSpec; status#3 NamespaceStatus
        ObjectMeta: annotations#12 {s}; creationTimestamp#8 t; deletionGracePeriodSeconds#10 l; deletionTimestamp#9 t;
          finalizers#14 [s]:=; generateName#2 s; generation#7 l; labels#11 {s}; managedFields#17 [ManagedFieldsEntry];
          name#1 s; namespace#3 s; ownerReferences#13 [OwnerReference]:uid; resourceVersion#6 s; selfLink#4 s; uid#5 s
        ManagedFieldsEntry: apiVersion#3 s; fieldsType#6 s; fieldsV1#7 *; manager#1 s; operation#2 s; subresource#8 s;
          time#4 t
        OwnerReference @: apiVersion#5! s; blockOwnerDeletion#7 b; controller#6 b; kind#1! s; name#3! s; uid#4! s
        NamespaceSpec: finalizers#1 [s]
        NamespaceStatus: conditions#2 [NamespaceCondition]:type; phase#1 s
        NamespaceCondition: lastTransitionTime#4 t; message#6 s; reason#5 s; status#2! s; type#1! s
        ConfigMap: binaryData#3 {y}; data#2 {s}; immutable#4 b; metadata#1 ObjectMeta
        Secret: data#2 {y}; immutable#5 b; metadata#1 ObjectMeta; stringData#4 {s}; type#3 s
        Service: metadata#1 ObjectMeta; spec#2 ServiceSpec; status#3 ServiceStatus
        ServiceSpec: allocateLoadBalancerNodePorts#20 b; clusterIP#3 s; clusterIPs#18 [s]; externalIPs#5 [s];
          externalName#10 s; externalTrafficPolicy#11 s; healthCheckNodePort#12 i; internalTrafficPolicy#22 s;
          ipFamilies#19 [s]; ipFamilyPolicy#17 s; loadBalancerClass#21 s; loadBalancerIP#8 s;
          loadBalancerSourceRanges#9 [s]; ports#1 [ServicePort]:port,protocol~port; publishNotReadyAddresses#13 b;
          selector#2 {s}@; sessionAffinity#7 s; sessionAffinityConfig#14 SessionAffinityConfig;
          trafficDistribution#23 s; type#4 s
        ServicePort: appProtocol#6 s; name#1 s; nodePort#5 i; port#3! i; protocol#2 s=TCP; targetPort#4 x
        SessionAffinityConfig: clientIP#1 ClientIPConfig
        ClientIPConfig: timeoutSeconds#1 i
        ServiceStatus: conditions#2 [Condition]:type; loadBalancer#1 LoadBalancerStatus
        Condition: lastTransitionTime#4! t; message#6! s; observedGeneration#3 l; reason#5! s; status#2! s; type#1! s
        LoadBalancerStatus: ingress#1 [LoadBalancerIngress]
        LoadBalancerIngress: hostname#2 s; ip#1 s; ipMode#3 s; ports#4 [PortStatus]
        PortStatus: error#3 s; port#1! i; protocol#2! s
        Endpoints: metadata#1 ObjectMeta; subsets#2 [EndpointSubset]
        EndpointSubset: addresses#1 [EndpointAddress]; notReadyAddresses#2 [EndpointAddress]; ports#3 [EndpointPort]
        EndpointAddress @: hostname#3 s; ip#1! s; nodeName#4 s; targetRef#2 ObjectReference
        ObjectReference @: apiVersion#5 s; fieldPath#7 s; kind#1 s; name#3 s; namespace#2 s; resourceVersion#6 s;
          uid#4 s
        EndpointPort @: appProtocol#4 s; name#1 s; port#2! i; protocol#3 s
        Event: action#12 s; count#8 i; eventTime#10 u; firstTimestamp#6 t; involvedObject#2! ObjectReference;
          lastTimestamp#7 t; message#4 s; metadata#1! ObjectMeta; reason#3 s; related#13 ObjectReference;
          reportingComponent#14 s; reportingInstance#15 s; series#11 EventSeries; source#5 EventSource; type#9 s
        EventSeries: count#1 i; lastObservedTime#2 u
        EventSource: component#1 s; host#2 s
        Pod: metadata#1 ObjectMeta; spec#2 PodSpec; status#3 PodStatus
        PodSpec: activeDeadlineSeconds#5 l; affinity#18 Affinity; automountServiceAccountToken#21 b;
          containers#2! [Container]:name; dnsConfig#26 PodDNSConfig; dnsPolicy#6 s; enableServiceLinks#30 b;
          ephemeralContainers#34 [EphemeralContainer]:name; hostAliases#23 [HostAlias]:ip; hostIPC#13 b;
          hostNetwork#11 b; hostPID#12 b; hostUsers#37 b; hostname#16 s; hostnameOverride#41 s;
          imagePullSecrets#15 [LocalObjectReference]:name; initContainers#20 [Container]:name; nodeName#10 s;
          nodeSelector#7 {s}@; os#36 PodOS; overhead#32 {q}; preemptionPolicy#31 s; priority#25 i;
          priorityClassName#24 s; readinessGates#28 [PodReadinessGate]; resourceClaims#39 [PodResourceClaim]:name;
          resources#40 ResourceRequirements; restartPolicy#3 s; runtimeClassName#29 s; schedulerName#19 s;
          schedulingGates#38 [PodSchedulingGate]:name; schedulingGroup#43 PodSchedulingGroup;
          securityContext#14 PodSecurityContext; serviceAccount#9 s; serviceAccountName#8 s; setHostnameAsFQDN#35 b;
          shareProcessNamespace#27 b; subdomain#17 s; terminationGracePeriodSeconds#4 l; tolerations#22 [Toleration];
          topologySpreadConstraints#33 [TopologySpreadConstraint]:topologyKey,whenUnsatisfiable~topologyKey;
          volumes#1 [Volume]:name
        Affinity: nodeAffinity#1 NodeAffinity; podAffinity#2 PodAffinity; podAntiAffinity#3 PodAntiAffinity
        NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution#2 [PreferredSchedulingTerm];
          requiredDuringSchedulingIgnoredDuringExecution#1 NodeSelector
        PreferredSchedulingTerm: preference#2! NodeSelectorTerm; weight#1! i
        NodeSelectorTerm @: matchExpressions#1 [NodeSelectorRequirement]; matchFields#2 [NodeSelectorRequirement]
        NodeSelectorRequirement: key#1! s; operator#2! s; values#3 [s]
        NodeSelector @: nodeSelectorTerms#1! [NodeSelectorTerm]
        PodAffinity: preferredDuringSchedulingIgnoredDuringExecution#2 [WeightedPodAffinityTerm];
          requiredDuringSchedulingIgnoredDuringExecution#1 [PodAffinityTerm]
        WeightedPodAffinityTerm: podAffinityTerm#2! PodAffinityTerm; weight#1! i
        PodAffinityTerm: labelSelector#1 LabelSelector; matchLabelKeys#5 [s]; mismatchLabelKeys#6 [s];
          namespaceSelector#4 LabelSelector; namespaces#2 [s]; topologyKey#3! s
        LabelSelector @: matchExpressions#2 [LabelSelectorRequirement]; matchLabels#1 {s}
        LabelSelectorRequirement: key#1! s; operator#2! s; values#3 [s]
        PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution#2 [WeightedPodAffinityTerm];
          requiredDuringSchedulingIgnoredDuringExecution#1 [PodAffinityTerm]
        Container: args#4 [s]; command#3 [s]; env#7 [EnvVar]:name; envFrom#19 [EnvFromSource]; image#2 s;
          imagePullPolicy#14 s; lifecycle#12 Lifecycle; livenessProbe#10 Probe; name#1! s;
          ports#6 [ContainerPort]:containerPort,protocol~containerPort; readinessProbe#11 Probe;
          resizePolicy#23 [ContainerResizePolicy]; resources#8 ResourceRequirements; restartPolicy#24 s;
          restartPolicyRules#25 [ContainerRestartRule]; securityContext#15 SecurityContext; startupProbe#22 Probe;
          stdin#16 b; stdinOnce#17 b; terminationMessagePath#13 s; terminationMessagePolicy#20 s; tty#18 b;
          volumeDevices#21 [VolumeDevice]:devicePath; volumeMounts#9 [VolumeMount]:mountPath; workingDir#5 s
        EnvVar: name#1! s; value#2 s; valueFrom#3 EnvVarSource
        EnvVarSource: configMapKeyRef#3 ConfigMapKeySelector; fieldRef#1 ObjectFieldSelector;
          fileKeyRef#5 FileKeySelector; resourceFieldRef#2 ResourceFieldSelector; secretKeyRef#4 SecretKeySelector
        ConfigMapKeySelector @: key#2! s; name#1.1 s; optional#3 b
        ObjectFieldSelector @: apiVersion#1 s; fieldPath#2! s
        FileKeySelector @: key#3! s; optional#4 b; path#2! s; volumeName#1! s
        ResourceFieldSelector @: containerName#1 s; divisor#3 q; resource#2! s
        SecretKeySelector @: key#2! s; name#1.1 s; optional#3 b
        EnvFromSource: configMapRef#2 ConfigMapEnvSource; prefix#1 s; secretRef#3 SecretEnvSource
        ConfigMapEnvSource: name#1.1 s; optional#2 b
        SecretEnvSource: name#1.1 s; optional#2 b
        Lifecycle: postStart#1 LifecycleHandler; preStop#2 LifecycleHandler; stopSignal#3 s
        LifecycleHandler: exec#1 ExecAction; httpGet#2 HTTPGetAction; sleep#4 SleepAction; tcpSocket#3 TCPSocketAction
        ExecAction: command#1 [s]
        HTTPGetAction: host#3 s; httpHeaders#5 [HTTPHeader]; path#1 s; port#2! x; scheme#4 s
        HTTPHeader: name#1! s; value#2! s
        SleepAction: seconds#1! l
        TCPSocketAction: host#2 s; port#1! x
        Probe: exec#1.1 ExecAction; failureThreshold#6 i; grpc#1.4 GRPCAction; httpGet#1.2 HTTPGetAction;
          initialDelaySeconds#2 i; periodSeconds#4 i; successThreshold#5 i; tcpSocket#1.3 TCPSocketAction;
          terminationGracePeriodSeconds#7 l; timeoutSeconds#3 i
        GRPCAction: port#1! i; service#2 s
        ContainerPort: containerPort#3! i; hostIP#5 s; hostPort#2 i; name#1 s; protocol#4 s=TCP
        ContainerResizePolicy: resourceName#1! s; restartPolicy#2! s
        ResourceRequirements: claims#3 [ResourceClaim]:name; limits#1 {q}; requests#2 {q}
        ResourceClaim: name#1! s; request#2 s
        ContainerRestartRule: action#1! s; exitCodes#2 ContainerRestartRuleOnExitCodes
        ContainerRestartRuleOnExitCodes: operator#1! s; values#2 [i]:=
        SecurityContext: allowPrivilegeEscalation#7 b; appArmorProfile#12 AppArmorProfile;
          capabilities#1 Capabilities; privileged#2 b; procMount#9 s; readOnlyRootFilesystem#6 b; runAsGroup#8 l;
          runAsNonRoot#5 b; runAsUser#4 l; seLinuxOptions#3 SELinuxOptions; seccompProfile#11 SeccompProfile;
          windowsOptions#10 WindowsSecurityContextOptions
        AppArmorProfile: localhostProfile#2 s; type#1! s
        Capabilities: add#1 [s]; drop#2 [s]
        SELinuxOptions: level#4 s; role#2 s; type#3 s; user#1 s
        SeccompProfile: localhostProfile#2 s; type#1! s
        WindowsSecurityContextOptions: gmsaCredentialSpec#2 s; gmsaCredentialSpecName#1 s; hostProcess#4 b;
          runAsUserName#3 s
        VolumeDevice: devicePath#2! s; name#1! s
        VolumeMount: mountPath#3! s; mountPropagation#5 s; name#1! s; readOnly#2 b; recursiveReadOnly#7 s;
          subPath#4 s; subPathExpr#6 s
        PodDNSConfig: nameservers#1 [s]; options#3 [PodDNSConfigOption]; searches#2 [s]
        PodDNSConfigOption: name#1 s; value#2 s
        EphemeralContainer: args#1.4 [s]; command#1.3 [s]; env#1.7 [EnvVar]:name; envFrom#1.19 [EnvFromSource];
          image#1.2 s; imagePullPolicy#1.14 s; lifecycle#1.12 Lifecycle; livenessProbe#1.10 Probe; name#1.1! s;
          ports#1.6 [ContainerPort]:containerPort,protocol~containerPort; readinessProbe#1.11 Probe;
          resizePolicy#1.23 [ContainerResizePolicy]; resources#1.8 ResourceRequirements; restartPolicy#1.24 s;
          restartPolicyRules#1.25 [ContainerRestartRule]; securityContext#1.15 SecurityContext;
          startupProbe#1.22 Probe; stdin#1.16 b; stdinOnce#1.17 b; targetContainerName#2 s;
          terminationMessagePath#1.13 s; terminationMessagePolicy#1.20 s; tty#1.18 b;
          volumeDevices#1.21 [VolumeDevice]:devicePath; volumeMounts#1.9 [VolumeMount]:mountPath; workingDir#1.5 s
        HostAlias: hostnames#2 [s]; ip#1! s
        LocalObjectReference @: name#1 s
        PodOS: name#1! s
        PodReadinessGate: conditionType#1! s
        PodResourceClaim: name#1! s; resourceClaimName#3 s; resourceClaimTemplateName#4 s
        PodSchedulingGate: name#1! s
        PodSchedulingGroup: podGroupName#1 s
        PodSecurityContext: appArmorProfile#11 AppArmorProfile; fsGroup#5 l; fsGroupChangePolicy#9 s; runAsGroup#6 l;
          runAsNonRoot#3 b; runAsUser#2 l; seLinuxChangePolicy#13 s; seLinuxOptions#1 SELinuxOptions;
          seccompProfile#10 SeccompProfile; supplementalGroups#4 [l]; supplementalGroupsPolicy#12 s;
          sysctls#7 [Sysctl]; windowsOptions#8 WindowsSecurityContextOptions
        Sysctl: name#1! s; value#2! s
        Toleration: effect#4 s; key#1 s; operator#2 s; tolerationSeconds#5 l; value#3 s
        TopologySpreadConstraint: labelSelector#4 LabelSelector; matchLabelKeys#8 [s]; maxSkew#1! i; minDomains#5 i;
          nodeAffinityPolicy#6 s; nodeTaintsPolicy#7 s; topologyKey#2! s; whenUnsatisfiable#3! s
        Volume: awsElasticBlockStore#2.4 AWSElasticBlockStoreVolumeSource; azureDisk#2.22 AzureDiskVolumeSource;
          azureFile#2.18 AzureFileVolumeSource; cephfs#2.14 CephFSVolumeSource; cinder#2.13 CinderVolumeSource;
          configMap#2.19 ConfigMapVolumeSource; csi#2.28 CSIVolumeSource; downwardAPI#2.16 DownwardAPIVolumeSource;
          emptyDir#2.2 EmptyDirVolumeSource; ephemeral#2.29 EphemeralVolumeSource; fc#2.17 FCVolumeSource;
          flexVolume#2.12 FlexVolumeSource; flocker#2.15 FlockerVolumeSource;
          gcePersistentDisk#2.3 GCEPersistentDiskVolumeSource; gitRepo#2.5 GitRepoVolumeSource;
          glusterfs#2.9 GlusterfsVolumeSource; hostPath#2.1 HostPathVolumeSource; image#2.30 ImageVolumeSource;
          iscsi#2.8 ISCSIVolumeSource; name#1! s; nfs#2.7 NFSVolumeSource;
          persistentVolumeClaim#2.10 PersistentVolumeClaimVolumeSource;
          photonPersistentDisk#2.23 PhotonPersistentDiskVolumeSource; portworxVolume#2.24 PortworxVolumeSource;
          projected#2.26 ProjectedVolumeSource; quobyte#2.21 QuobyteVolumeSource; rbd#2.11 RBDVolumeSource;
          scaleIO#2.25 ScaleIOVolumeSource; secret#2.6 SecretVolumeSource; storageos#2.27 StorageOSVolumeSource;
          vsphereVolume#2.20 VsphereVirtualDiskVolumeSource
        AWSElasticBlockStoreVolumeSource: fsType#2 s; partition#3 i; readOnly#4 b; volumeID#1! s
        AzureDiskVolumeSource: cachingMode#3 s; diskName#1! s; diskURI#2! s; fsType#4 s; kind#6 s; readOnly#5 b
        AzureFileVolumeSource: readOnly#3 b; secretName#1! s; shareName#2! s
        CephFSVolumeSource: monitors#1! [s]; path#2 s; readOnly#6 b; secretFile#4 s; secretRef#5 LocalObjectReference;
          user#3 s
        CinderVolumeSource: fsType#2 s; readOnly#3 b; secretRef#4 LocalObjectReference; volumeID#1! s
        ConfigMapVolumeSource: defaultMode#3 i; items#2 [KeyToPath]; name#1.1 s; optional#4 b
        KeyToPath: key#1! s; mode#3 i; path#2! s
        CSIVolumeSource: driver#1! s; fsType#3 s; nodePublishSecretRef#5 LocalObjectReference; readOnly#2 b;
          volumeAttributes#4 {s}
        DownwardAPIVolumeSource: defaultMode#2 i; items#1 [DownwardAPIVolumeFile]
        DownwardAPIVolumeFile: fieldRef#2 ObjectFieldSelector; mode#4 i; path#1! s;
          resourceFieldRef#3 ResourceFieldSelector
        EmptyDirVolumeSource: medium#1 s; sizeLimit#2 q
        EphemeralVolumeSource: volumeClaimTemplate#1 PersistentVolumeClaimTemplate
        PersistentVolumeClaimTemplate: metadata#1 ObjectMeta; spec#2! PersistentVolumeClaimSpec
        PersistentVolumeClaimSpec: accessModes#1 [s]; dataSource#7 TypedLocalObjectReference;
          dataSourceRef#8 TypedObjectReference; resources#2 VolumeResourceRequirements; selector#4 LabelSelector;
          storageClassName#5 s; volumeAttributesClassName#9 s; volumeMode#6 s; volumeName#3 s
        TypedLocalObjectReference @: apiGroup#1 s; kind#2! s; name#3! s
        TypedObjectReference: apiGroup#1 s; kind#2! s; name#3! s; namespace#4 s
        VolumeResourceRequirements: limits#1 {q}; requests#2 {q}
        FCVolumeSource: fsType#3 s; lun#2 i; readOnly#4 b; targetWWNs#1 [s]; wwids#5 [s]
        FlexVolumeSource: driver#1! s; fsType#2 s; options#5 {s}; readOnly#4 b; secretRef#3 LocalObjectReference
        FlockerVolumeSource: datasetName#1 s; datasetUUID#2 s
        GCEPersistentDiskVolumeSource: fsType#2 s; partition#3 i; pdName#1! s; readOnly#4 b
        GitRepoVolumeSource: directory#3 s; repository#1! s; revision#2 s
        GlusterfsVolumeSource: endpoints#1! s; path#2! s; readOnly#3 b
        HostPathVolumeSource: path#1! s; type#2 s
        ImageVolumeSource: pullPolicy#2 s; reference#1 s
        ISCSIVolumeSource: chapAuthDiscovery#8 b; chapAuthSession#11 b; fsType#5 s; initiatorName#12 s; iqn#2! s;
          iscsiInterface#4 s; lun#3! i; portals#7 [s]; readOnly#6 b; secretRef#10 LocalObjectReference;
          targetPortal#1! s
        NFSVolumeSource: path#2! s; readOnly#3 b; server#1! s
        PersistentVolumeClaimVolumeSource: claimName#1! s; readOnly#2 b
        PhotonPersistentDiskVolumeSource: fsType#2 s; pdID#1! s
        PortworxVolumeSource: fsType#2 s; readOnly#3 b; volumeID#1! s
        ProjectedVolumeSource: defaultMode#2 i; sources#1 [VolumeProjection]
        VolumeProjection: clusterTrustBundle#5 ClusterTrustBundleProjection; configMap#3 ConfigMapProjection;
          downwardAPI#2 DownwardAPIProjection; podCertificate#6 PodCertificateProjection; secret#1 SecretProjection;
          serviceAccountToken#4 ServiceAccountTokenProjection
        ClusterTrustBundleProjection: labelSelector#3 LabelSelector; name#1 s; optional#5 b; path#4! s; signerName#2 s
        ConfigMapProjection: items#2 [KeyToPath]; name#1.1 s; optional#4 b
        DownwardAPIProjection: items#1 [DownwardAPIVolumeFile]
        PodCertificateProjection: certificateChainPath#6 s; credentialBundlePath#4 s; keyPath#5 s; keyType#2! s;
          maxExpirationSeconds#3 i; signerName#1! s; userAnnotations#7 {s}
        SecretProjection: items#2 [KeyToPath]; name#1.1 s; optional#4 b
        ServiceAccountTokenProjection: audience#1 s; expirationSeconds#2 l; path#3! s
        QuobyteVolumeSource: group#5 s; readOnly#3 b; registry#1! s; tenant#6 s; user#4 s; volume#2! s
        RBDVolumeSource: fsType#3 s; image#2! s; keyring#6 s; monitors#1! [s]; pool#4 s; readOnly#8 b;
          secretRef#7 LocalObjectReference; user#5 s
        ScaleIOVolumeSource: fsType#9 s; gateway#1! s; protectionDomain#5 s; readOnly#10 b;
          secretRef#3! LocalObjectReference; sslEnabled#4 b; storageMode#7 s; storagePool#6 s; system#2! s;
          volumeName#8 s
        SecretVolumeSource: defaultMode#3 i; items#2 [KeyToPath]; optional#4 b; secretName#1 s
        StorageOSVolumeSource: fsType#3 s; readOnly#4 b; secretRef#5 LocalObjectReference; volumeName#1 s;
          volumeNamespace#2 s
        VsphereVirtualDiskVolumeSource: fsType#2 s; storagePolicyID#4 s; storagePolicyName#3 s; volumePath#1! s
        PodStatus: allocatedResources#19 {q}; conditions#2 [PodCondition]:type; containerStatuses#8 [ContainerStatus];
          ephemeralContainerStatuses#13 [ContainerStatus];
          extendedResourceClaimStatus#18 PodExtendedResourceClaimStatus; hostIP#5 s; hostIPs#16 [HostIP]~ip;
          initContainerStatuses#10 [ContainerStatus]; message#3 s;
          nodeAllocatableResourceClaimStatuses#21 [NodeAllocatableResourceClaimStatus]; nominatedNodeName#11 s;
          observedGeneration#17 l; phase#1 s; podIP#6 s; podIPs#12 [PodIP]:ip; qosClass#9 s; reason#4 s; resize#14 s;
          resourceClaimStatuses#15 [PodResourceClaimStatus]:name; resources#20 ResourceRequirements; startTime#7 t
        PodCondition: lastProbeTime#3 t; lastTransitionTime#4 t; message#6 s; observedGeneration#7 l; reason#5 s;
          status#2! s; type#1! s
        ContainerStatus: allocatedResources#10 {q}; allocatedResourcesStatus#14 [ResourceStatus]:name;
          containerID#8 s; image#6! s; imageID#7! s; lastState#3 ContainerState; name#1! s; ready#4! b;
          resources#11 ResourceRequirements; restartCount#5! i; started#9 b; state#2 ContainerState; stopSignal#15 s;
          user#13 ContainerUser; volumeMounts#12 [VolumeMountStatus]:mountPath
        ResourceStatus: name#1! s; resources#2 [ResourceHealth]:resourceID
        ResourceHealth: health#2 s; message#6 s; resourceID#1! s
        ContainerState: running#2 ContainerStateRunning; terminated#3 ContainerStateTerminated;
          waiting#1 ContainerStateWaiting
        ContainerStateRunning: startedAt#1 t
        ContainerStateTerminated: containerID#7 s; exitCode#1! i; finishedAt#6 t; message#4 s; reason#3 s; signal#2 i;
          startedAt#5 t
        ContainerStateWaiting: message#2 s; reason#1 s
        ContainerUser: linux#1 LinuxContainerUser
        LinuxContainerUser: gid#2! l; supplementalGroups#3 [l]; uid#1! l
        VolumeMountStatus: mountPath#2! s; name#1! s; readOnly#3 b; recursiveReadOnly#4 s; volumeStatus#5 VolumeStatus
        VolumeStatus: image#1 ImageVolumeStatus
        ImageVolumeStatus: imageRef#1! s
        PodExtendedResourceClaimStatus: requestMappings#1! [ContainerExtendedResourceRequest]; resourceClaimName#2! s
        ContainerExtendedResourceRequest: containerName#1! s; requestName#3! s; resourceName#2! s
        HostIP: ip#1! s
        NodeAllocatableResourceClaimStatus: containers#2 [s]:=; resourceClaimName#1! s; resources! {q}
        PodIP: ip#1! s
        PodResourceClaimStatus: name#1! s; resourceClaimName#2 s
        ServiceAccount: automountServiceAccountToken#4 b; imagePullSecrets#3 [LocalObjectReference];
          metadata#1 ObjectMeta; secrets#2 [ObjectReference]:name
        Node: metadata#1 ObjectMeta; spec#2 NodeSpec; status#3 NodeStatus
        NodeSpec: configSource#6 NodeConfigSource; externalID#2 s; podCIDR#1 s; podCIDRs#7 [s]:=; providerID#3 s;
          taints#5 [Taint]; unschedulable#4 b
        NodeConfigSource: configMap#2 ConfigMapNodeConfigSource
        ConfigMapNodeConfigSource: kubeletConfigKey#5! s; name#2! s; namespace#1! s; resourceVersion#4 s; uid#3 s
        Taint: effect#3! s; key#1! s; timeAdded#4 t; value#2 s
        NodeStatus: addresses#5 [NodeAddress]:type; allocatable#2 {q}; capacity#1 {q};
          conditions#4 [NodeCondition]:type; config#11 NodeConfigStatus; daemonEndpoints#6 NodeDaemonEndpoints;
          declaredFeatures#14 [s]; features#13 NodeFeatures; images#8 [ContainerImage]; nodeInfo#7 NodeSystemInfo;
          phase#3 s; runtimeHandlers#12 [NodeRuntimeHandler]; volumesAttached#10 [AttachedVolume]; volumesInUse#9 [s]
        NodeAddress: address#2! s; type#1! s
        NodeCondition: lastHeartbeatTime#3 t; lastTransitionTime#4 t; message#6 s; reason#5 s; status#2! s; type#1! s
        NodeConfigStatus: active#2 NodeConfigSource; assigned#1 NodeConfigSource; error#4 s;
          lastKnownGood#3 NodeConfigSource
        NodeDaemonEndpoints: kubeletEndpoint#1 DaemonEndpoint
        DaemonEndpoint: Port#1! i
        NodeFeatures: supplementalGroupsPolicy#1 b
        ContainerImage: names#1 [s]; sizeBytes#2 l
        NodeSystemInfo: architecture#10! s; bootID#3! s; containerRuntimeVersion#6! s; kernelVersion#4! s;
          kubeProxyVersion#8! s; kubeletVersion#7! s; machineID#1! s; operatingSystem#9! s; osImage#5! s;
          swap#11 NodeSwapStatus; systemUUID#2! s
        NodeSwapStatus: capacity#1 l
        NodeRuntimeHandler: features#2 NodeRuntimeHandlerFeatures; name#1 s
        NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts#1 b; userNamespaces#2 b
        AttachedVolume: devicePath#2! s; name#1! s
        PersistentVolumeClaim: apiVersion s; kind s; metadata#1 ObjectMeta; spec#2 PersistentVolumeClaimSpec;
          status#3 PersistentVolumeClaimStatus
        PersistentVolumeClaimStatus: accessModes#2 [s]; allocatedResourceStatuses#7 {s}; allocatedResources#5 {q};
          capacity#3 {q}; conditions#4 [PersistentVolumeClaimCondition]:type; currentVolumeAttributesClassName#8 s;
          modifyVolumeStatus#9 ModifyVolumeStatus; phase#1 s
        PersistentVolumeClaimCondition: lastProbeTime#3 t; lastTransitionTime#4 t; message#6 s; reason#5 s;
          status#2! s; type#1! s
        ModifyVolumeStatus: status#2! s; targetVolumeAttributesClassName#1 s
        PersistentVolume: metadata#1 ObjectMeta; spec#2 PersistentVolumeSpec; status#3 PersistentVolumeStatus
        PersistentVolumeSpec: accessModes#3 [s]; awsElasticBlockStore#2.2 AWSElasticBlockStoreVolumeSource;
          azureDisk#2.16 AzureDiskVolumeSource; azureFile#2.13 AzureFilePersistentVolumeSource; capacity#1 {q};
          cephfs#2.9 CephFSPersistentVolumeSource; cinder#2.8 CinderPersistentVolumeSource;
          claimRef#4 ObjectReference; csi#2.22 CSIPersistentVolumeSource; fc#2.10 FCVolumeSource;
          flexVolume#2.12 FlexPersistentVolumeSource; flocker#2.11 FlockerVolumeSource;
          gcePersistentDisk#2.1 GCEPersistentDiskVolumeSource; glusterfs#2.4 GlusterfsPersistentVolumeSource;
          hostPath#2.3 HostPathVolumeSource; iscsi#2.7 ISCSIPersistentVolumeSource; local#2.20 LocalVolumeSource;
          mountOptions#7 [s]; nfs#2.5 NFSVolumeSource; nodeAffinity#9 VolumeNodeAffinity;
          persistentVolumeReclaimPolicy#5 s; photonPersistentDisk#2.17 PhotonPersistentDiskVolumeSource;
          portworxVolume#2.18 PortworxVolumeSource; quobyte#2.15 QuobyteVolumeSource;
          rbd#2.6 RBDPersistentVolumeSource; scaleIO#2.19 ScaleIOPersistentVolumeSource; storageClassName#6 s;
          storageos#2.21 StorageOSPersistentVolumeSource; volumeAttributesClassName#10 s; volumeMode#8 s;
          vsphereVolume#2.14 VsphereVirtualDiskVolumeSource
        AzureFilePersistentVolumeSource: readOnly#3 b; secretName#1! s; secretNamespace#4 s; shareName#2! s
        CephFSPersistentVolumeSource: monitors#1! [s]; path#2 s; readOnly#6 b; secretFile#4 s;
          secretRef#5 SecretReference; user#3 s
        SecretReference @: name#1 s; namespace#2 s
        CinderPersistentVolumeSource: fsType#2 s; readOnly#3 b; secretRef#4 SecretReference; volumeID#1! s
        CSIPersistentVolumeSource: controllerExpandSecretRef#9 SecretReference;
          controllerPublishSecretRef#6 SecretReference; driver#1! s; fsType#4 s;
          nodeExpandSecretRef#10 SecretReference; nodePublishSecretRef#8 SecretReference;
          nodeStageSecretRef#7 SecretReference; readOnly#3 b; volumeAttributes#5 {s}; volumeHandle#2! s
        FlexPersistentVolumeSource: driver#1! s; fsType#2 s; options#5 {s}; readOnly#4 b; secretRef#3 SecretReference
        GlusterfsPersistentVolumeSource: endpoints#1! s; endpointsNamespace#4 s; path#2! s; readOnly#3 b
        ISCSIPersistentVolumeSource: chapAuthDiscovery#8 b; chapAuthSession#11 b; fsType#5 s; initiatorName#12 s;
          iqn#2! s; iscsiInterface#4 s; lun#3! i; portals#7 [s]; readOnly#6 b; secretRef#10 SecretReference;
          targetPortal#1! s
        LocalVolumeSource: fsType#2 s; path#1! s
        VolumeNodeAffinity: required#1 NodeSelector
        RBDPersistentVolumeSource: fsType#3 s; image#2! s; keyring#6 s; monitors#1! [s]; pool#4 s; readOnly#8 b;
          secretRef#7 SecretReference; user#5 s
        ScaleIOPersistentVolumeSource: fsType#9 s; gateway#1! s; protectionDomain#5 s; readOnly#10 b;
          secretRef#3! SecretReference; sslEnabled#4 b; storageMode#7 s; storagePool#6 s; system#2! s; volumeName#8 s
        StorageOSPersistentVolumeSource: fsType#3 s; readOnly#4 b; secretRef#5 ObjectReference; volumeName#1 s;
          volumeNamespace#2 s
        PersistentVolumeStatus: lastPhaseTransitionTime#4 t; message#2 s; phase#1 s; reason#3 s
        LimitRange: metadata#1 ObjectMeta; spec#2 LimitRangeSpec
        LimitRangeSpec: limits#1! [LimitRangeItem]
        LimitRangeItem: default#4 {q}; defaultRequest#5 {q}; max#2 {q}; maxLimitRequestRatio#6 {q}; min#3 {q};
          type#1! s
        ResourceQuota: metadata#1 ObjectMeta; spec#2 ResourceQuotaSpec; status#3 ResourceQuotaStatus
        ResourceQuotaSpec: hard#1 {q}; scopeSelector#3 ScopeSelector; scopes#2 [s]
        ScopeSelector @: matchExpressions#1 [ScopedResourceSelectorRequirement]
        ScopedResourceSelectorRequirement: operator#2! s; scopeName#1! s; values#3 [s]
        ResourceQuotaStatus: hard#1 {q}; used#2 {q}
        """
}
