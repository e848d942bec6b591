/**
 * How lists and maps of the API merge: the facts that the Go sources carry as struct tags and markers, and that
 * the generated schema lacks. Keyed by `group/version.Type` (short group) and JSON field; `.` is the type itself.
 * New fields go here when the level of the API moves up.
 */
export interface MergeFacts {
  /** Server-side apply: a set or a keyed list has one owner an element, an atomic one has one owner in all. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  /** `atomic`: the map or object has one owner in all. Granular when absent. */
  readonly mapType?: 'atomic' | 'granular';
  /** Strategic merge patch: `merge`, `replace`, `retainKeys`, or `merge,retainKeys`. Replace when absent. */
  readonly patchStrategy?: string;
  /** Names the element of a merged list of objects. Absent for lists of primitives. */
  readonly patchMergeKey?: string;
}

const atomicList: MergeFacts = { listType: 'atomic' };
const atomicMap: MergeFacts = { mapType: 'atomic' };
const set: MergeFacts = { listType: 'set' };
/** Keyed for apply alone; strategic merge replaces the list. */
const keyedBy = (...keys: string[]): MergeFacts => ({ listType: 'map', listMapKeys: keys });
/** Keyed for apply and merged by the same key in strategic patches. */
const mergedBy = (key: string): MergeFacts => ({
  listType: 'map',
  listMapKeys: [key],
  patchStrategy: 'merge',
  patchMergeKey: key,
});

export const LIST_KEYS: Readonly<Record<string, Readonly<Record<string, MergeFacts>>>> = {
  'admissionregistration/v1.MatchResources': {
    '.': atomicMap,
    excludeResourceRules: atomicList,
    resourceRules: atomicList,
  },
  'admissionregistration/v1.MutatingAdmissionPolicySpec': {
    matchConditions: mergedBy('name'),
    mutations: atomicList,
    variables: atomicList,
  },
  'admissionregistration/v1.MutatingWebhook': {
    admissionReviewVersions: atomicList,
    matchConditions: mergedBy('name'),
    rules: atomicList,
  },
  'admissionregistration/v1.MutatingWebhookConfiguration': {
    webhooks: mergedBy('name'),
  },
  'admissionregistration/v1.NamedRuleWithOperations': {
    '.': atomicMap,
    resourceNames: atomicList,
  },
  'admissionregistration/v1.ParamKind': {
    '.': atomicMap,
  },
  'admissionregistration/v1.ParamRef': {
    '.': atomicMap,
  },
  'admissionregistration/v1.RuleWithOperations': {
    apiGroups: atomicList,
    apiVersions: atomicList,
    operations: atomicList,
    resources: atomicList,
  },
  'admissionregistration/v1.TypeChecking': {
    expressionWarnings: atomicList,
  },
  'admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec': {
    validationActions: set,
  },
  'admissionregistration/v1.ValidatingAdmissionPolicySpec': {
    auditAnnotations: atomicList,
    matchConditions: mergedBy('name'),
    validations: atomicList,
    variables: mergedBy('name'),
  },
  'admissionregistration/v1.ValidatingAdmissionPolicyStatus': {
    conditions: keyedBy('type'),
  },
  'admissionregistration/v1.ValidatingWebhook': {
    admissionReviewVersions: atomicList,
    matchConditions: mergedBy('name'),
    rules: atomicList,
  },
  'admissionregistration/v1.ValidatingWebhookConfiguration': {
    webhooks: mergedBy('name'),
  },
  'admissionregistration/v1.Variable': {
    '.': atomicMap,
  },
  'apiregistration/v1.APIServiceStatus': {
    conditions: mergedBy('type'),
  },
  'apps/v1.DaemonSetStatus': {
    conditions: mergedBy('type'),
  },
  'apps/v1.DeploymentSpec': {
    strategy: { patchStrategy: 'retainKeys' },
  },
  'apps/v1.DeploymentStatus': {
    conditions: mergedBy('type'),
  },
  'apps/v1.ReplicaSetStatus': {
    conditions: mergedBy('type'),
  },
  'apps/v1.StatefulSetSpec': {
    volumeClaimTemplates: atomicList,
  },
  'apps/v1.StatefulSetStatus': {
    conditions: mergedBy('type'),
  },
  'authentication/v1.TokenRequestSpec': {
    audiences: atomicList,
  },
  'authentication/v1.TokenReviewSpec': {
    audiences: atomicList,
  },
  'authentication/v1.TokenReviewStatus': {
    audiences: atomicList,
  },
  'authentication/v1.UserInfo': {
    groups: atomicList,
  },
  'authorization/v1.FieldSelectorAttributes': {
    requirements: atomicList,
  },
  'authorization/v1.LabelSelectorAttributes': {
    requirements: atomicList,
  },
  'authorization/v1.NonResourceRule': {
    nonResourceURLs: atomicList,
    verbs: atomicList,
  },
  'authorization/v1.ResourceRule': {
    apiGroups: atomicList,
    resourceNames: atomicList,
    resources: atomicList,
    verbs: atomicList,
  },
  'authorization/v1.SubjectAccessReviewSpec': {
    groups: atomicList,
  },
  'authorization/v1.SubjectRulesReviewStatus': {
    nonResourceRules: atomicList,
    resourceRules: atomicList,
  },
  'autoscaling/v1.CrossVersionObjectReference': {
    '.': atomicMap,
  },
  'autoscaling/v2.HPAScalingRules': {
    policies: atomicList,
  },
  'autoscaling/v2.HorizontalPodAutoscalerSpec': {
    metrics: atomicList,
  },
  'autoscaling/v2.HorizontalPodAutoscalerStatus': {
    conditions: mergedBy('type'),
    currentMetrics: atomicList,
  },
  'batch/v1.CronJobStatus': {
    active: atomicList,
  },
  'batch/v1.JobSchedulingConfiguration': {
    resourceClaims: mergedBy('name'),
  },
  'batch/v1.JobStatus': {
    conditions: { listType: 'atomic', patchStrategy: 'merge', patchMergeKey: 'type' },
  },
  'batch/v1.PodFailurePolicy': {
    rules: atomicList,
  },
  'batch/v1.PodFailurePolicyOnExitCodesRequirement': {
    values: set,
  },
  'batch/v1.PodFailurePolicyRule': {
    onPodConditions: atomicList,
  },
  'batch/v1.SuccessPolicy': {
    rules: atomicList,
  },
  'batch/v1.UncountedTerminatedPods': {
    failed: set,
    succeeded: set,
  },
  'certificates/v1.CertificateSigningRequestSpec': {
    groups: atomicList,
    usages: atomicList,
  },
  'certificates/v1.CertificateSigningRequestStatus': {
    conditions: keyedBy('type'),
  },
  'certificates/v1.PodCertificateRequestStatus': {
    conditions: mergedBy('type'),
  },
  'core/v1.AvoidPods': {
    preferAvoidPods: atomicList,
  },
  'core/v1.Capabilities': {
    add: atomicList,
    drop: atomicList,
  },
  'core/v1.CephFSPersistentVolumeSource': {
    monitors: atomicList,
  },
  'core/v1.CephFSVolumeSource': {
    monitors: atomicList,
  },
  'core/v1.ComponentStatus': {
    conditions: mergedBy('type'),
  },
  'core/v1.ConfigMapKeySelector': {
    '.': atomicMap,
  },
  'core/v1.ConfigMapProjection': {
    items: atomicList,
  },
  'core/v1.ConfigMapVolumeSource': {
    items: atomicList,
  },
  'core/v1.Container': {
    args: atomicList,
    command: atomicList,
    env: mergedBy('name'),
    envFrom: atomicList,
    ports: {
      listType: 'map',
      listMapKeys: ['containerPort', 'protocol'],
      patchStrategy: 'merge',
      patchMergeKey: 'containerPort',
    },
    resizePolicy: atomicList,
    restartPolicyRules: atomicList,
    volumeDevices: mergedBy('devicePath'),
    volumeMounts: mergedBy('mountPath'),
  },
  'core/v1.ContainerImage': {
    names: atomicList,
  },
  'core/v1.ContainerRestartRuleOnExitCodes': {
    values: set,
  },
  'core/v1.ContainerStatus': {
    allocatedResourcesStatus: mergedBy('name'),
    volumeMounts: mergedBy('mountPath'),
  },
  'core/v1.DownwardAPIProjection': {
    items: atomicList,
  },
  'core/v1.DownwardAPIVolumeSource': {
    items: atomicList,
  },
  'core/v1.EndpointAddress': {
    '.': atomicMap,
  },
  'core/v1.EndpointPort': {
    '.': atomicMap,
  },
  'core/v1.EndpointSubset': {
    addresses: atomicList,
    notReadyAddresses: atomicList,
    ports: atomicList,
  },
  'core/v1.Endpoints': {
    subsets: atomicList,
  },
  // In Go its fields stand in a type of their own, which is part of it.
  'core/v1.EphemeralContainer': {
    args: atomicList,
    command: atomicList,
    env: mergedBy('name'),
    envFrom: atomicList,
    ports: {
      listType: 'map',
      listMapKeys: ['containerPort', 'protocol'],
      patchStrategy: 'merge',
      patchMergeKey: 'containerPort',
    },
    resizePolicy: atomicList,
    restartPolicyRules: atomicList,
    volumeDevices: mergedBy('devicePath'),
    volumeMounts: mergedBy('mountPath'),
  },
  'core/v1.EvictionResponder': {
    '.': atomicMap,
  },
  'core/v1.ExecAction': {
    command: atomicList,
  },
  'core/v1.FCVolumeSource': {
    targetWWNs: atomicList,
    wwids: atomicList,
  },
  'core/v1.FileKeySelector': {
    '.': atomicMap,
  },
  'core/v1.HTTPGetAction': {
    httpHeaders: atomicList,
  },
  'core/v1.HostAlias': {
    hostnames: atomicList,
  },
  'core/v1.ISCSIPersistentVolumeSource': {
    portals: atomicList,
  },
  'core/v1.ISCSIVolumeSource': {
    portals: atomicList,
  },
  'core/v1.LimitRangeSpec': {
    limits: atomicList,
  },
  'core/v1.LinuxContainerUser': {
    supplementalGroups: atomicList,
  },
  'core/v1.LoadBalancerIngress': {
    ports: atomicList,
  },
  'core/v1.LoadBalancerStatus': {
    ingress: atomicList,
  },
  'core/v1.LocalObjectReference': {
    '.': atomicMap,
  },
  'core/v1.NamespaceSpec': {
    finalizers: atomicList,
  },
  'core/v1.NamespaceStatus': {
    conditions: mergedBy('type'),
  },
  'core/v1.NodeAffinity': {
    preferredDuringSchedulingIgnoredDuringExecution: atomicList,
  },
  'core/v1.NodeAllocatableResourceClaimStatus': {
    containers: set,
    mapping: mergedBy('name'),
    overhead: mergedBy('name'),
  },
  'core/v1.NodePodPreemptionPolicy': {
    disableResizePreemption: set,
  },
  'core/v1.NodeSelector': {
    '.': atomicMap,
    nodeSelectorTerms: atomicList,
  },
  'core/v1.NodeSelectorRequirement': {
    values: atomicList,
  },
  'core/v1.NodeSelectorTerm': {
    '.': atomicMap,
    matchExpressions: atomicList,
    matchFields: atomicList,
  },
  'core/v1.NodeSpec': {
    podCIDRs: { listType: 'set', patchStrategy: 'merge' },
    taints: atomicList,
  },
  'core/v1.NodeStatus': {
    addresses: mergedBy('type'),
    conditions: mergedBy('type'),
    declaredFeatures: atomicList,
    images: atomicList,
    runtimeHandlers: atomicList,
    volumesAttached: atomicList,
    volumesInUse: atomicList,
  },
  'core/v1.ObjectFieldSelector': {
    '.': atomicMap,
  },
  'core/v1.ObjectReference': {
    '.': atomicMap,
  },
  'core/v1.PersistentVolumeClaimSpec': {
    accessModes: atomicList,
  },
  'core/v1.PersistentVolumeClaimStatus': {
    accessModes: atomicList,
    allocatedResourceStatuses: { mapType: 'granular' },
    conditions: mergedBy('type'),
  },
  'core/v1.PersistentVolumeSpec': {
    accessModes: atomicList,
    claimRef: { mapType: 'granular' },
    mountOptions: atomicList,
  },
  'core/v1.PodAffinity': {
    preferredDuringSchedulingIgnoredDuringExecution: atomicList,
    requiredDuringSchedulingIgnoredDuringExecution: atomicList,
  },
  'core/v1.PodAffinityTerm': {
    matchLabelKeys: atomicList,
    mismatchLabelKeys: atomicList,
    namespaces: atomicList,
  },
  'core/v1.PodAntiAffinity': {
    preferredDuringSchedulingIgnoredDuringExecution: atomicList,
    requiredDuringSchedulingIgnoredDuringExecution: atomicList,
  },
  'core/v1.PodDNSConfig': {
    nameservers: atomicList,
    options: atomicList,
    searches: atomicList,
  },
  'core/v1.PodExecOptions': {
    command: atomicList,
  },
  'core/v1.PodExtendedResourceClaimStatus': {
    requestMappings: atomicList,
  },
  'core/v1.PodPortForwardOptions': {
    ports: atomicList,
  },
  'core/v1.PodSecurityContext': {
    supplementalGroups: atomicList,
    sysctls: atomicList,
  },
  'core/v1.PodSpec': {
    containers: mergedBy('name'),
    ephemeralContainers: mergedBy('name'),
    evictionResponders: mergedBy('name'),
    hostAliases: mergedBy('ip'),
    imagePullSecrets: mergedBy('name'),
    initContainers: mergedBy('name'),
    nodeSelector: atomicMap,
    readinessGates: atomicList,
    resourceClaims: {
      listType: 'map',
      listMapKeys: ['name'],
      patchStrategy: 'merge,retainKeys',
      patchMergeKey: 'name',
    },
    schedulingGates: mergedBy('name'),
    tolerations: atomicList,
    topologySpreadConstraints: {
      listType: 'map',
      listMapKeys: ['topologyKey', 'whenUnsatisfiable'],
      patchStrategy: 'merge',
      patchMergeKey: 'topologyKey',
    },
    volumes: {
      listType: 'map',
      listMapKeys: ['name'],
      patchStrategy: 'merge,retainKeys',
      patchMergeKey: 'name',
    },
  },
  'core/v1.PodStatus': {
    conditions: mergedBy('type'),
    containerStatuses: atomicList,
    ephemeralContainerStatuses: atomicList,
    hostIPs: { listType: 'atomic', patchStrategy: 'merge', patchMergeKey: 'ip' },
    initContainerStatuses: atomicList,
    nodeAllocatableResourceClaimStatuses: mergedBy('resourceClaimName'),
    podIPs: mergedBy('ip'),
    resourceClaimStatuses: {
      listType: 'map',
      listMapKeys: ['name'],
      patchStrategy: 'merge,retainKeys',
      patchMergeKey: 'name',
    },
    volumeHealth: keyedBy('name'),
  },
  'core/v1.PodVolumeHealth': {
    healthConditions: {
      listType: 'map',
      listMapKeys: ['status', 'reason'],
      patchStrategy: 'merge',
      patchMergeKey: 'status',
    },
  },
  'core/v1.ProjectedVolumeSource': {
    sources: atomicList,
  },
  'core/v1.RBDPersistentVolumeSource': {
    monitors: atomicList,
  },
  'core/v1.RBDVolumeSource': {
    monitors: atomicList,
  },
  'core/v1.ReplicationControllerSpec': {
    selector: atomicMap,
  },
  'core/v1.ReplicationControllerStatus': {
    conditions: mergedBy('type'),
  },
  'core/v1.ResourceFieldSelector': {
    '.': atomicMap,
  },
  'core/v1.ResourceQuotaSpec': {
    scopes: atomicList,
  },
  'core/v1.ResourceRequirements': {
    claims: keyedBy('name'),
  },
  'core/v1.ResourceStatus': {
    resources: keyedBy('resourceID'),
  },
  'core/v1.ScopeSelector': {
    '.': atomicMap,
    matchExpressions: atomicList,
  },
  'core/v1.ScopedResourceSelectorRequirement': {
    values: atomicList,
  },
  'core/v1.SecretKeySelector': {
    '.': atomicMap,
  },
  'core/v1.SecretProjection': {
    items: atomicList,
  },
  'core/v1.SecretReference': {
    '.': atomicMap,
  },
  'core/v1.SecretVolumeSource': {
    items: atomicList,
  },
  'core/v1.ServiceAccount': {
    imagePullSecrets: atomicList,
    secrets: mergedBy('name'),
  },
  'core/v1.ServiceSpec': {
    clusterIPs: atomicList,
    externalIPs: atomicList,
    ipFamilies: atomicList,
    loadBalancerSourceRanges: atomicList,
    ports: {
      listType: 'map',
      listMapKeys: ['port', 'protocol'],
      patchStrategy: 'merge',
      patchMergeKey: 'port',
    },
    selector: atomicMap,
  },
  'core/v1.ServiceStatus': {
    conditions: mergedBy('type'),
  },
  'core/v1.TopologySelectorLabelRequirement': {
    values: atomicList,
  },
  'core/v1.TopologySelectorTerm': {
    '.': atomicMap,
    matchLabelExpressions: atomicList,
  },
  'core/v1.TopologySpreadConstraint': {
    matchLabelKeys: atomicList,
  },
  'core/v1.TypedLocalObjectReference': {
    '.': atomicMap,
  },
  'core/v1.VolumeHealthStatus': {
    healthConditions: {
      listType: 'map',
      listMapKeys: ['status', 'reason'],
      patchStrategy: 'merge',
      patchMergeKey: 'status',
    },
  },
  'core/v1.VolumeMount': {
    bindMountOptions: set,
  },
  'discovery/v1.Endpoint': {
    addresses: set,
  },
  'discovery/v1.EndpointHints': {
    forNodes: atomicList,
    forZones: atomicList,
  },
  'discovery/v1.EndpointPort': {
    '.': atomicMap,
  },
  'discovery/v1.EndpointSlice': {
    endpoints: atomicList,
    ports: atomicList,
  },
  'flowcontrol/v1.FlowSchemaSpec': {
    rules: atomicList,
  },
  'flowcontrol/v1.FlowSchemaStatus': {
    conditions: mergedBy('type'),
  },
  'flowcontrol/v1.NonResourcePolicyRule': {
    nonResourceURLs: set,
    verbs: set,
  },
  'flowcontrol/v1.PolicyRulesWithSubjects': {
    nonResourceRules: atomicList,
    resourceRules: atomicList,
    subjects: atomicList,
  },
  'flowcontrol/v1.PriorityLevelConfigurationStatus': {
    conditions: mergedBy('type'),
  },
  'flowcontrol/v1.ResourcePolicyRule': {
    apiGroups: set,
    namespaces: set,
    resources: set,
    verbs: set,
  },
  'meta/v1.APIGroup': {
    serverAddressByClientCIDRs: atomicList,
    versions: atomicList,
  },
  'meta/v1.APIGroupList': {
    groups: atomicList,
  },
  'meta/v1.APIResource': {
    categories: atomicList,
    shortNames: atomicList,
  },
  'meta/v1.APIResourceList': {
    resources: atomicList,
  },
  'meta/v1.APIVersions': {
    serverAddressByClientCIDRs: atomicList,
    versions: atomicList,
  },
  'meta/v1.ApplyOptions': {
    dryRun: atomicList,
  },
  'meta/v1.CreateOptions': {
    dryRun: atomicList,
  },
  'meta/v1.DeleteOptions': {
    dryRun: atomicList,
  },
  'meta/v1.FieldSelectorRequirement': {
    values: atomicList,
  },
  'meta/v1.LabelSelector': {
    '.': atomicMap,
    matchExpressions: atomicList,
  },
  'meta/v1.LabelSelectorRequirement': {
    values: atomicList,
  },
  'meta/v1.ObjectMeta': {
    finalizers: { listType: 'set', patchStrategy: 'merge' },
    managedFields: atomicList,
    ownerReferences: mergedBy('uid'),
  },
  'meta/v1.OwnerReference': {
    '.': atomicMap,
  },
  'meta/v1.PatchOptions': {
    dryRun: atomicList,
  },
  'meta/v1.RootPaths': {
    paths: atomicList,
  },
  'meta/v1.StatusDetails': {
    causes: atomicList,
  },
  'meta/v1.Table': {
    columnDefinitions: atomicList,
    rows: atomicList,
  },
  'meta/v1.TableRow': {
    cells: atomicList,
    conditions: atomicList,
  },
  'meta/v1.UpdateOptions': {
    dryRun: atomicList,
  },
  'networking/v1.HTTPIngressRuleValue': {
    paths: atomicList,
  },
  'networking/v1.IPBlock': {
    except: atomicList,
  },
  'networking/v1.IngressLoadBalancerIngress': {
    ports: atomicList,
  },
  'networking/v1.IngressLoadBalancerStatus': {
    ingress: atomicList,
  },
  'networking/v1.IngressSpec': {
    rules: atomicList,
    tls: atomicList,
  },
  'networking/v1.IngressTLS': {
    hosts: atomicList,
  },
  'networking/v1.NetworkPolicyEgressRule': {
    ports: atomicList,
    to: atomicList,
  },
  'networking/v1.NetworkPolicyIngressRule': {
    from: atomicList,
    ports: atomicList,
  },
  'networking/v1.NetworkPolicySpec': {
    egress: atomicList,
    ingress: atomicList,
    policyTypes: atomicList,
  },
  'networking/v1.ServiceBackendPort': {
    '.': atomicMap,
  },
  'networking/v1.ServiceCIDRSpec': {
    cidrs: atomicList,
  },
  'networking/v1.ServiceCIDRStatus': {
    conditions: mergedBy('type'),
  },
  'node/v1.Scheduling': {
    nodeSelector: atomicMap,
    tolerations: atomicList,
  },
  'policy/v1.PodDisruptionBudgetSpec': {
    selector: { patchStrategy: 'replace' },
  },
  'policy/v1.PodDisruptionBudgetStatus': {
    conditions: mergedBy('type'),
  },
  'rbac/v1.AggregationRule': {
    clusterRoleSelectors: atomicList,
  },
  'rbac/v1.ClusterRole': {
    rules: atomicList,
  },
  'rbac/v1.ClusterRoleBinding': {
    subjects: atomicList,
  },
  'rbac/v1.PolicyRule': {
    apiGroups: atomicList,
    nonResourceURLs: atomicList,
    resourceNames: atomicList,
    resources: atomicList,
    verbs: atomicList,
  },
  'rbac/v1.Role': {
    rules: atomicList,
  },
  'rbac/v1.RoleBinding': {
    subjects: atomicList,
  },
  'rbac/v1.RoleRef': {
    '.': atomicMap,
  },
  'rbac/v1.Subject': {
    '.': atomicMap,
  },
  'resource/v1.AllocatedDeviceStatus': {
    conditions: keyedBy('type'),
  },
  'resource/v1.CapacityRequestPolicy': {
    validValues: atomicList,
  },
  'resource/v1.Device': {
    bindingConditions: atomicList,
    bindingFailureConditions: atomicList,
    consumesCounters: atomicList,
    taints: atomicList,
  },
  'resource/v1.DeviceAllocationConfiguration': {
    requests: atomicList,
  },
  'resource/v1.DeviceAllocationResult': {
    config: atomicList,
    results: atomicList,
  },
  'resource/v1.DeviceAttribute': {
    bools: atomicList,
    ints: atomicList,
    strings: atomicList,
    versions: atomicList,
  },
  'resource/v1.DeviceClaim': {
    config: atomicList,
    constraints: atomicList,
    requests: atomicList,
  },
  'resource/v1.DeviceClaimConfiguration': {
    requests: atomicList,
  },
  'resource/v1.DeviceClassSpec': {
    config: atomicList,
    selectors: atomicList,
  },
  'resource/v1.DeviceConstraint': {
    requests: atomicList,
  },
  'resource/v1.DeviceRequest': {
    firstAvailable: atomicList,
  },
  'resource/v1.DeviceRequestAllocationResult': {
    bindingConditions: atomicList,
    bindingFailureConditions: atomicList,
    skipNodeOperations: set,
    tolerations: atomicList,
  },
  'resource/v1.DeviceSubRequest': {
    selectors: atomicList,
    tolerations: atomicList,
  },
  'resource/v1.DeviceTaintRuleStatus': {
    conditions: mergedBy('type'),
  },
  'resource/v1.ExactDeviceRequest': {
    selectors: atomicList,
    tolerations: atomicList,
  },
  'resource/v1.NetworkDeviceData': {
    ips: atomicList,
  },
  'resource/v1.ResourceClaimStatus': {
    devices: keyedBy('driver', 'device', 'pool', 'shareID'),
    reservedFor: mergedBy('uid'),
  },
  'resource/v1.ResourceSliceSpec': {
    devices: atomicList,
    sharedCounters: atomicList,
    skipNodeOperations: set,
  },
  'storage/v1.CSIDriverSpec': {
    tokenRequests: atomicList,
    volumeLifecycleModes: set,
  },
  'storage/v1.CSINodeDriver': {
    topologyKeys: atomicList,
  },
  'storage/v1.CSINodeSpec': {
    drivers: mergedBy('name'),
  },
  'storage/v1.CSINodeStatus': {
    storageHealth: mergedBy('name'),
  },
  'storage/v1.StorageClass': {
    allowedTopologies: atomicList,
    mountOptions: atomicList,
  },
  'storage/v1.StorageHealth': {
    healthConditions: atomicList,
  },
};
